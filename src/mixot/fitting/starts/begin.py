"""One start for every family: responsibilities for some points, then one M-step.

Drawn starts see the table of `table`, and their statistics S_k are mixed with those of the whole
sample,

    (1 - s) S_k + (s / K) S,       S = sum_i a_i T(x_i),

as if a share s of every observation belonged to all components alike. No first component is then
singular, and none excludes a value that occurs somewhere. Given labels and responsibilities mean
what they say: their M-step is exact, but for components that would be singular, which get a share
of the whole sample's statistics.
"""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from mixot.arrays import extremes
from mixot.errors import InputError
from mixot.families.base import Family, take
from mixot.fitting.starts import seeds as draws
from mixot.fitting.starts.given import checked_mixture, rows_of
from mixot.fitting.starts.space import coordinates
from mixot.fitting.starts.table import Table, tabulate
from mixot.types import Array, Mixture, Parameters, Sample

Method = Literal["k-means++", "k-means", "random-points", "random-responsibilities"]
Maker = Callable[[Sample, Family, int, np.random.Generator], Mixture]
Init = Method | Mixture | Maker | ArrayLike
METHODS: tuple[str, ...] = get_args(Method)

_BLOCK = 4096
# Of a large sample this many distinct points are looked at, or this many for every component.
_POINTS = 1 << 14
_POINTS_PER_COMPONENT = 1 << 8


def start(
    sample: Sample,
    family: Family,
    n_components: int,
    init: Init = "k-means++",
    *,
    rng: np.random.Generator,
    smoothing: float = 0.1,
    n_points: int | None = None,
) -> Mixture:
    """Return a mixture of the family to begin a fit with.

    init: a method ("k-means++": each point to the nearest of K distant seeds; "k-means" from
    those; "random-points": seeds drawn by weight; "random-responsibilities"), labels (n,) with -1
    for unknown, responsibilities (n, K), a Mixture, or a callable (sample, family, K, rng) that
    returns one. smoothing: the share s above, in (0, 1). n_points: how many distinct points a
    method looks at, by default the larger of 16384 and 256 K; a whole sample below that.

    Methods give the same mixture for repeated rows and for frequencies, and for rows in any order,
    up to the rounding of sums. Raises InputError for what makes no sense.
    """
    family.check(sample, n_components)
    if not 0.0 < smoothing < 1.0:
        raise InputError(f"smoothing must lie between 0 and 1, got {smoothing}")
    if n_points is not None and n_points < n_components:
        raise InputError(f"n_points must be at least n_components = {n_components}, got {n_points}")
    if isinstance(init, str):
        if init not in METHODS:
            raise InputError(
                f"init must be one of {', '.join(METHODS)}, labels, responsibilities, a Mixture or "
                f"a callable, got {init!r}"
            )
        limit = n_points or max(_POINTS, _POINTS_PER_COMPONENT * n_components)
        return _drawn(sample, family, n_components, init, rng, smoothing, limit)
    about = take(family, family.initial(sample, 1), [0] * n_components)
    if isinstance(init, Mixture):
        return checked_mixture(init, about, n_components, "init")
    if callable(init):
        made = init(sample, family, n_components, rng)
        return checked_mixture(made, about, n_components, "what init returns")
    rows = rows_of(init, sample.weights.size, n_components)
    return _from_rows(sample, family, rows, about, smoothing)


def _drawn(
    sample: Sample,
    family: Family,
    n_components: int,
    method: str,
    rng: np.random.Generator,
    smoothing: float,
    limit: int,
) -> Mixture:
    """Return the smoothed M-step of responsibilities that a method draws."""
    table = tabulate(sample, limit, int(rng.integers(2**63)))
    if table.weights.size < n_components:
        raise InputError(
            f"{table.weights.size} distinct points are too few for {n_components} different "
            "starting components; give a start or use fewer components"
        )
    rows = _drawn_rows(table, family, n_components, method, rng)
    merged = Sample(table.points, table.weights, sample.size)
    one = family.initial(merged if table.whole else _with_extremes(merged, sample), 1)
    about = take(family, one, [0] * n_components)
    own = _statistics(family, table.points, table.weights[:, None] * rows, about)
    every = merged if table.whole else sample
    whole = _statistics(family, every.points, every.weights[:, None], one)
    mixed = (1.0 - smoothing) * own + smoothing / n_components * whole
    return Mixture(mixed[:, 0] / mixed[:, 0].sum(), family.m_step(mixed, about))


def _with_extremes(few: Sample, sample: Sample) -> Sample:
    """Add points with the least and the largest value of each column, at the least weight.

    The one-component fit is where statistics are taken about, for which a few points do. But every
    column that varies has to vary in them, and categories have to be counted up to the last one.
    The other columns are those of the first point: which rows hold the extremes is not said.
    """
    size = sample.points.shape[1]
    points = np.tile(few.points[0], (2 * size, 1))
    index = np.arange(size)
    points[index, index], points[size + index, index] = extremes(sample.points)
    weights = np.concatenate([few.weights, np.full(2 * size, few.weights.min())])
    return Sample(np.vstack([few.points, points]), weights / weights.sum(), few.size)


def _drawn_rows(
    table: Table, family: Family, n_components: int, method: str, rng: np.random.Generator
) -> Array:
    """Return the responsibilities (m, K) of the points of the table."""
    if method == "random-responsibilities":
        return draws.random_rows(table.weights.size, n_components, rng)
    space = coordinates(table.points, table.weights, family)
    if method == "random-points":
        chosen = draws.random_points(table.weights, n_components, rng)
    else:
        chosen = draws.k_means_plus_plus(space, table.weights, n_components, rng)
    if method == "k-means":
        return draws.one_hot(draws.k_means(space, table.weights, chosen), n_components)
    return draws.one_hot(draws.nearest_seed(space, chosen), n_components)


def _from_rows(
    sample: Sample, family: Family, rows: Array, about: Parameters, smoothing: float
) -> Mixture:
    """Return the M-step of the responsibilities (n, K), smoothed where it would be singular."""
    plan = sample.weights[:, None] * rows
    statistics = _statistics(family, sample.points, plan, about)
    parameters = family.m_step(statistics, about)
    singular = ~family.regular(parameters, about)
    if singular.any():
        one = take(family, about, [0])
        everyone = _statistics(family, sample.points, sample.weights[:, None], one)
        mass = statistics[singular, :1]
        statistics[singular] *= 1.0 - smoothing
        statistics[singular] += smoothing * mass * everyone
        parameters = family.m_step(statistics, about)
    marginal = plan.sum(axis=0)
    return Mixture(marginal / marginal.sum(), parameters)


def _statistics(family: Family, points: Array, plan: Array, about: Parameters) -> Array:
    """Return the family's statistics, summed block by block to keep temporary arrays small."""
    total: Array | None = None
    for first in range(0, points.shape[0], _BLOCK):
        block = slice(first, first + _BLOCK)
        part = family.statistics(points[block], plan[block], about)
        total = part if total is None else total + part
    assert total is not None
    return total
