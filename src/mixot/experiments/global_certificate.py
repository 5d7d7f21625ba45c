"""N4: how far a fit with a known kernel can be from the best mixture of any order.

Left, the library: fits of several orders by EM, the best weights over a grid of atoms and, once
more, over these and the maxima of their gradient function (`fit_weights`); and from the gradient
function of each (`_lindsay`) an interval,

    NLL - log sup D  <=  inf NLL over all mixing laws  <=  NLL.

Right, that infimum by the references alone (`_mixing_laws`), which certify it themselves.

Series: for every problem a row an order: NLL, its own lower bound, and the lower bound by the grid
of atoms, all less the infimum.
"""

from dataclasses import dataclass

import numpy as np

from mixot.evidence.records import Sides, difference, excess, record
from mixot.experiments import _known_kernels as kernels
from mixot.experiments import _lindsay as lindsay
from mixot.experiments._mixing_laws import MixingLaws
from mixot.experiments.outcome import Outcome, at
from mixot.fitting import fit_restarts, log_likelihood
from mixot.fitting.weights import fit_weights
from mixot.streams import stream
from mixot.types import Array, Mixture

NAME = "global_certificate"


@dataclass(frozen=True)
class Options:
    """problems: those of `_known_kernels`; orders: numbers of components of the fits.

    atoms, looked_at, reference: points along an axis in one dimension and in two, of the atoms that
    are weighed, of the grid on which the gradient function is looked at, and of the references'.
    """

    problems: tuple[str, ...] = kernels.NAMES
    orders: tuple[int, ...] = (1, 2, 3, 4)
    n_samples: int = 500
    n_init: int = 4
    atoms: tuple[int, int] = (200, 40)
    looked_at: tuple[int, int] = (1000, 60)
    reference: tuple[int, int] = (401, 71)


@dataclass(frozen=True, slots=True)
class Interval:
    """What a mixture says of the infimum: it is at most `value`, and at least `value - height`.

    height: log sup D; own: the largest log D among the mixture's own components.
    """

    value: float
    height: float
    own: float

    @property
    def lower(self) -> float:
        """The certified lower bound."""
        return self.value - self.height


def run(options: Options) -> Outcome:
    """Certify the fits of every problem."""
    found: list[dict[str, object]] = []
    series = {"orders": np.array(options.orders, dtype=float)}
    for name in options.problems:
        problem = kernels.make(name, options.n_samples, NAME)
        records, series[name] = _certify(options, name, problem)
        found += at(name, problem.family.name, records)
    return Outcome(tuple(found), series)


def _certify(
    options: Options, name: str, problem: kernels.KnownKernel
) -> tuple[list[dict[str, object]], Array]:
    sample, family = problem.sample, problem.family
    laws = MixingLaws(family.name, sample.points, sample.weights, problem.axes(options.reference))
    best = laws.best()
    weighed = _weighed(options, problem)
    grid = _interval(options, problem, weighed)
    found = _infimum(best.value, grid, "atoms")
    found += [
        record(
            "N4",
            "the references' gap",
            best.gap,
            state="infimum",
            left="log sup D of the references' law",
            right="zero",
            notes=f"{best.weights.size} atoms, infimum {best.value:.9f}",
        ),
        record(
            "N4",
            "width of the tight interval",
            grid.height,
            state="atoms",
            left="log sup D of the best weights over a grid",
            right="nats",
        ),
    ]
    rows = []
    for order in options.orders:
        mixture = _fitted(options, name, problem, order)
        mine = _interval(options, problem, mixture)
        found += _infimum(best.value, mine, f"order {order}")
        sides = Sides(
            state=f"order {order}",
            left="log sup D by Family.log_density, climbed by M-steps",
            right="the references' densities, climbed by L-BFGS",
        )
        theirs = laws.log_supremum(mixture.parameters[problem.parameter], mixture.weights)
        found.append(
            record(
                "N4",
                "log sup D",
                difference(mine.height, theirs),
                control={"own components": difference(mine.own, theirs)},
                **sides,
            )
        )
        certified = Sides(state=f"order {order}", left="EM", right="best mixture of any order")
        found += [
            record("N4", "certified distance", mine.value - grid.lower, **certified),
            record("N4", "distance", mine.value - best.value, **certified),
        ]
        rows.append([mine.value, mine.lower, grid.lower])
    return found, np.array(rows) - best.value


def _fitted(options: Options, name: str, problem: kernels.KnownKernel, order: int) -> Mixture:
    """Return the lowest of several fits; more components than are needed end as copies."""
    rng = stream("experiment", NAME, name, "starts", order)
    found = fit_restarts(
        problem.sample, problem.family, order, options.n_init, rng=rng, tol=1e-6, n_threads=1
    )
    ended = [one.fit for one in found.optima] + [one.fit for one in found.degenerate]
    return min(ended, key=lambda one: one.objective).mixture


def _weighed(options: Options, problem: kernels.KnownKernel) -> Mixture:
    """Return the mixture of the best weights over a grid, and over the maxima of its D besides."""
    sample, family, name = problem.sample, problem.family, problem.parameter
    axes = problem.axes(options.looked_at)
    atoms = lindsay.mesh(problem.axes(options.atoms))
    for _ in range(2):
        solved = fit_weights(sample, {name: atoms}, family, tol=1e-9)
        kept = solved.weights > 0.0
        mixture = Mixture(solved.weights[kept], {name: atoms[kept]})
        summits, _ = lindsay.summits(sample, mixture, family, axes, name)
        atoms = np.concatenate([atoms[kept], summits])
    return mixture


def _interval(options: Options, problem: kernels.KnownKernel, mixture: Mixture) -> Interval:
    sample, family = problem.sample, problem.family
    axes = problem.axes(options.looked_at)
    _, heights = lindsay.summits(sample, mixture, family, axes, problem.parameter)
    return Interval(
        -log_likelihood(sample, mixture, family),
        float(heights.max()),
        lindsay.at_own_components(sample, mixture, family),
    )


def _infimum(infimum: float, interval: Interval, state: str) -> list[dict[str, object]]:
    """Look where the infimum lies in an interval, and in those of two mistakes."""
    sides = Sides(
        state=state,
        left="log_likelihood less log sup D by Family.log_density",
        right="infimum over mixing laws by the references",
    )
    kind = "tight" if state == "atoms" else "own"
    return [
        record(
            "N4",
            f"infimum below the {kind} interval",
            excess(interval.lower, infimum),
            control={"own components": excess(interval.value - interval.own, infimum)},
            **sides,
        ),
        record(
            "N4",
            "infimum above the interval",
            excess(infimum, interval.value),
            control={"lower end": excess(infimum, interval.lower)},
            **sides,
        ),
    ]
