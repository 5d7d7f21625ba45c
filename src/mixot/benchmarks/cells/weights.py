"""Weights alone, over fixed components: a convex problem that EM solves slowly.

The problem is that on which mixSQP was introduced: points with heavier tails than a normal, to be
explained by normal distributions about 0 of standard deviations on a grid, plus unit noise. Those
that reach this certified gap count:

    NLL(pi) - min NLL <= log max_k D_k,      D_k = 1/n sum_i p_k(x_i) / sum_l pi_l p_l(x_i),

which is evaluated for every answer by the same few lines here.
"""

import tempfile
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from mixot.benchmarks import mixsqp, record
from mixot.benchmarks.peers import BLAS_THREADS, blas_setting
from mixot.benchmarks.record import OURS, Cell, Check, Effort, Measurement, Outcome, Target
from mixot.benchmarks.timing import Contestant, elapsed, fastest, race
from mixot.fitting.weights import solve_weights
from mixot.streams import stream
from mixot.types import Array

POSITION = 6
TITLE = "Weights over fixed components, to a certified gap of 1e-8"
VALUES = {"over_em": "times as fast as EM", "over_mixsqp": "times as fast as mixSQP"}

EM, MIXSQP = "EM", "mixSQP"
GAP = 1e-8
SAMPLES = 100_000
# EM is stopped after so many times the seconds of ours, but has so many seconds at least; a run
# that is stopped gives a lower bound.
_BEYOND, _LEAST = 102.0, 10.0
# Turns of mixSQP, which reads its matrix anew for each.
_TURNS = 2
# The certificate is a mean of ratios: its own rounding.
_ROUNDING = 1e-12


def measure(n_components: int, effort: Effort) -> Measurement:
    """Race the three over a number of components."""
    n_samples = effort.samples(SAMPLES)
    log_density = scale_mixture(n_samples, n_components)
    likelihood = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    answers: dict[tuple[str, str], Array] = {}

    def timed(side: str, setting: str, solve: Callable[[], Array]) -> float:
        def work() -> None:
            answers[side, setting] = solve()

        return elapsed(work)

    def solve() -> Array:
        return solve_weights(log_density, tol=GAP).weights

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        mixsqp.write_likelihood(folder, likelihood)
        theirs = partial(_mixsqp, folder, likelihood.shape, answers)
        outcomes = race(
            [
                Contestant(OURS, "default", partial(timed, OURS, "default", solve)),
                Contestant(MIXSQP, "tight", theirs, effort.cap, _TURNS),
            ],
            effort,
            keep_all=True,
        )
    threads = fastest(BLAS_THREADS, lambda threads: em(likelihood, GAP, threads, 5))
    setting = blas_setting(threads)
    plain = partial(timed, EM, setting, partial(em, likelihood, GAP, threads))
    # One run, a hundred times as long as ours, has no turns to take.
    outcomes += race([Contestant(EM, setting, plain, allowed(outcomes[0], effort), 1)], effort)
    gaps = {key: certified_gap(likelihood, found) for key, found in answers.items()}
    reached = [
        one for one in outcomes if gaps.get((one.side, one.setting), np.inf) <= GAP + _ROUNDING
    ]
    capped = [one for one in outcomes if one.ended == "capped"]
    known = [*reached, *capped]
    numbers = {f"gap of {side}, {setting}": gap for (side, setting), gap in gaps.items()}
    mine = gaps[OURS, "default"]
    return Measurement(
        {"n": n_samples, "K": n_components},
        outcomes,
        _check(mine, numbers),
        {
            "over_em": record.speedup(known, EM),
            "over_mixsqp": record.speedup(known, MIXSQP),
            "gap": mine,
        },
        targets=(Target("over_em", ">=", 100.0), Target("over_mixsqp", ">=", 1.0)),
        note=_note(capped),
    )


def scale_mixture(n_samples: int, n_components: int) -> Array:
    """Return log p_k(x_i) (n, K): normals about 0 with variances 1 + s_k^2, s_k on a grid."""
    rng = stream("benchmarks", "weights", n_samples)
    kinds = (rng.standard_normal(n_samples), *(rng.standard_t(df, n_samples) for df in (4, 6)))
    points = np.choose(rng.choice(3, n_samples, p=(0.5, 0.2, 0.3)), kinds)
    scales = np.geomspace(0.05, 2.0 * np.abs(points).max(), n_components - 1)
    variances = 1.0 + np.append(0.0, scales) ** 2
    return -0.5 * (points[:, None] ** 2 / variances + np.log(2.0 * np.pi * variances))


def em(likelihood: Array, gap: float, threads: int, max_iter: int | None = None) -> Array:
    """Return the weights of EM, from uniform ones, once its certified gap is small enough.

    Two matrix-vector products an iteration: the multipliers D are the certificate as well.
    """
    n_samples, n_components = likelihood.shape
    weights = np.full(n_components, 1.0 / n_components)
    with threadpool_limits(limits=threads):
        for _ in count() if max_iter is None else range(max_iter):
            multipliers = (1.0 / (likelihood @ weights)) @ likelihood / n_samples
            if np.log(multipliers.max()) <= gap:
                break
            weights *= multipliers
    return weights


def allowed(mine: Outcome, effort: Effort) -> float:
    """Return the seconds after which EM is stopped; the least of them without a time of ours."""
    enough = max(_BEYOND * mine.median, _LEAST) if mine.seconds else _LEAST
    return min(enough, 4 * effort.cap)


def certified_gap(likelihood: Array, weights: Array) -> float:
    """Return the bound log max_k D_k on the distance to the least negative log-likelihood."""
    share = np.maximum(weights, 0.0) / np.maximum(weights, 0.0).sum()
    return float(np.log(((1.0 / (likelihood @ share)) @ likelihood).max() / likelihood.shape[0]))


def _mixsqp(folder: Path, shape: tuple[int, int], answers: dict[Any, Array]) -> float:
    seconds, found = mixsqp.solve(folder, shape)
    answers[MIXSQP, "tight"] = found
    return seconds


def _check(gap: float, numbers: dict[str, float]) -> Check:
    holds = gap <= GAP + _ROUNDING
    return Check(holds, "" if holds else f"the gap of ours is {gap:.1e}", numbers)


def _note(capped: list[Any]) -> str:
    notes = [
        f"{one.side} was stopped after {one.seconds[0]:.0f} s, so that its ratio is a lower bound"
        for one in capped
    ]
    try:
        notes.append(f"mixsqp {mixsqp.require()}")
    except record.UnavailableError as reason:
        notes.append(str(reason))
    return "; ".join(notes)


CELLS = tuple(Cell("weights", f"{k}", partial(measure, k)) for k in (200, 1000))
