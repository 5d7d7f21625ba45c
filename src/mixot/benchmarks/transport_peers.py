"""POT and OTT as contestants, at a tolerance of their own; asked through `remote`.

They run in a process of their own, since JAX takes threads and memory that would be missing
elsewhere, and so that a call of compiled code can be stopped. JAX has as many threads as there are
cores; it computes in float64, its compilation is not timed, and its kernel domain is given the
costs (given the kernel it takes twice as long). POT's products with vectors have one thread: a
second does not make them faster, and slows them where anything else runs.
"""

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

from mixot.benchmarks import coupling
from mixot.benchmarks.record import UnavailableError
from mixot.benchmarks.timing import elapsed, repeated
from mixot.types import Array

POT, OTT = "POT", "OTT"
# What each is called with; POT's `solve` is its `sinkhorn_log` with the values computed too.
SETTINGS = {POT: ("kernel", "log", "solve"), OTT: ("kernel", "log")}
# More than any of them can make in the seconds that they have.
_MANY = 200_000
# OTT looks at its error, and so stops, only after every so many iterations.
_INNER = 10


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A plan (n, K) and how many iterations it took, if that is told.

    errors: the L1 distance of the column marginal after every `_INNER` iterations, if that is.
    """

    plan: Array
    iterations: int | None
    errors: tuple[float, ...] = ()


_latest: list[Answer] = []

# From the most iterations, for which it may have to be compiled, to what is timed: from a tolerance
# of the peer's own to its result.
Solver = Callable[[int], Callable[[float], Any]]


def ready(side: str, setting: str, shape: tuple[int, int], epsilon: float) -> bool:
    """Import and compile what is needed."""
    _solver(side, setting, *shape, epsilon)
    return True


def pace(side: str, setting: str, shape: tuple[int, int], epsilon: float) -> float:
    """Return the seconds of an iteration."""
    solver, _ = _solver(side, setting, *shape, epsilon)
    if side == OTT:
        return min(elapsed(partial(solver(_MANY), np.inf)) for _ in range(3)) / _INNER
    first = elapsed(partial(solver(1), 0.0))
    # A first iteration in the kernel domain also makes the kernel, which takes longer than many.
    more = 40 if setting == "kernel" else int(np.clip(0.1 / first, 4, 40))
    longer, shorter = (
        min(elapsed(partial(solver(count), 0.0)) for _ in range(3)) for count in (1 + more, 1)
    )
    return max(longer - shorter, 0.1 * longer) / more


def solve(
    side: str,
    setting: str,
    shape: tuple[int, int],
    epsilon: float,
    error: float,
    most: int | None = None,
    tightened: float = 1.0,
    least: float = 0.0,
) -> float:
    """Solve to a tolerance at which the measured error should be `error`; return the seconds.

    most: iterations, if fewer are wanted; tightened: factor on the tolerance; least: seconds that
    runs are repeated for, of which the mean is returned.
    """
    solver, finish = _solver(side, setting, *shape, epsilon)
    # POT's is an L2 norm, which may be that much smaller than the L1 norm.
    stop = tightened * error / (np.sqrt(shape[1]) if side == POT else 1.0)
    run = solver(_MANY if most is None else most)
    found: list[Any] = []

    def work() -> None:
        found[:] = [run(stop)]

    seconds = repeated(work, least)
    _latest[:] = [finish(found.pop())]
    return seconds


def judged(shape: tuple[int, int], epsilon: float, **whose: str) -> dict[str, Any]:
    """Return what the judge says of the latest plan, and the iterations and errors of its peer."""
    del whose
    (answer,) = _latest
    found = coupling.judge(_problem(*shape, epsilon), answer.plan)
    return {
        "iterations": answer.iterations,
        "errors": answer.errors,
        "error": found.error,
        "value": found.value,
    }


@cache
def _problem(n_samples: int, n_components: int, epsilon: float) -> coupling.Coupling:
    return coupling.draw(n_samples, n_components, epsilon)


@cache
def _solver(
    side: str, setting: str, n_samples: int, n_components: int, epsilon: float
) -> tuple[Solver, Callable[[Any], Answer]]:
    """Return what is timed, and what turns its result into an answer."""
    problem = _problem(n_samples, n_components, epsilon)
    return _pot(setting, problem) if side == POT else _ott(setting == "log", problem)


def _pot(setting: str, problem: coupling.Coupling) -> tuple[Solver, Callable[[Any], Answer]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # With JAX in reach it would take it for one more kind of array, and start it.
            os.environ["POT_BACKEND_DISABLE_JAX"] = "1"
            import ot
    except ImportError as error:
        raise UnavailableError("POT is not installed: mixot[reproduce]") from error
    given = (problem.a, problem.b, problem.cost, problem.epsilon)

    def solver(most: int) -> Callable[[float], tuple[Array, int | None]]:
        return partial(run, most)

    def run(most: int, stop: float) -> tuple[Array, int | None]:
        with warnings.catch_warnings():
            # Its own word for what the judge finds out: breakdown, or too few iterations.
            warnings.simplefilter("ignore")
            if setting == "solve":
                a, b, cost, epsilon = given
                return ot.solve(cost, a, b, reg=epsilon, max_iter=most, tol=stop).plan, None
            method = {"kernel": ot.sinkhorn, "log": ot.bregman.sinkhorn_log}[setting]
            plan, log = method(*given, numItermax=most, stopThr=stop, log=True)
            return plan, int(log["niter"]) + 1

    return solver, lambda found: Answer(*found)


def _ott(log_domain: bool, problem: coupling.Coupling) -> tuple[Solver, Callable[[Any], Answer]]:
    try:
        import jax
        import jax.numpy as jnp
        from ott.geometry.geometry import Geometry
        from ott.problems.linear.linear_problem import LinearProblem
        from ott.solvers.linear.sinkhorn import Sinkhorn
    except ImportError as error:
        raise UnavailableError("OTT is not installed: mixot[peers]") from error
    jax.config.update("jax_enable_x64", True)

    @partial(jax.jit, static_argnums=5)
    def solve(cost: Any, a: Any, b: Any, epsilon: Any, stop: Any, most: int) -> Any:
        solver = Sinkhorn(
            lse_mode=log_domain, threshold=stop, inner_iterations=_INNER, max_iterations=most
        )
        found = solver(LinearProblem(Geometry(cost_matrix=cost, epsilon=epsilon), a, b))
        return found.matrix, found.n_iters, found.errors

    given = [jnp.asarray(one) for one in (problem.cost, problem.a, problem.b, problem.epsilon)]

    @cache
    def solver(most: int) -> Callable[[float], Any]:
        compiled = solve.lower(*given, 1.0, most).compile()
        return lambda stop: jax.block_until_ready(compiled(*given, stop))

    solver(_MANY)

    def finish(found: Any) -> Answer:
        plan, iterations, errors = map(np.asarray, found)
        # Those that were never looked at are -1.
        return Answer(plan, int(iterations), tuple(errors[errors >= 0.0].tolist()))

    return solver, finish
