"""Newton's method for f(w) = -sum_i a_i log m_i, m = V T w + o, over w >= floor, sum w = total.

The quadratic model at w, with D = T'V'(a / m) and H = T'V' diag(a / m^2) V T,

    min over w':  -D'(w' - w) + 1/2 (w' - w)' H (w' - w),

is solved on the simplex by an active set [mixSQP: Kim, Carbonetto, Stephens & Anitescu 2020], and
a line search makes f fall. T (r, K) maps weights of many atoms to those of a few columns V (n, r)
whose combinations the others are, so that an iteration costs n r^2 and not n K^2. By convexity

    f(w) - min f <= log(floor sum_k D_k + (total - K floor) max_k D_k + sum_i a_i o_i / m_i)  (N3).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from mixot.types import Array

# Added to the model's diagonal, relative to its largest entry: atoms may be nearly the same.
_RIDGE = 1e-12
_ARMIJO = 1e-4
_SHORTEST = 1e-12
# Steps in a row that may fail to take the gap below this fraction of its least value.
_PROGRESS, _PATIENCE = 0.9, 5


@dataclass(frozen=True, slots=True)
class Solved:
    """Weights (K,), m (n,) there, the certified gap, and the Newton steps taken."""

    weights: Array
    mixed: Array
    gap: float
    n_iter: int


def minimise(
    values: Array,
    mixing: Array | None,
    offset: Array | None,
    sample_weights: Array,
    weights: Array,
    floor: float,
    tol: float,
    max_iter: int,
    total: float = 1.0,
) -> Solved:
    """Minimise f from `weights` (K,), at which m > 0, to a gap of tol or as far as floats go.

    values: V (n, r); mixing: T (r, K), or None for the identity; offset: o (n,), or None for 0.
    """
    extra = 0.0 if offset is None else offset

    def mix(w: Array) -> Array:
        return np.asarray(values @ (w if mixing is None else mixing @ w))

    mixed = mix(weights) + extra
    value = _value(mixed, sample_weights)
    best = Solved(weights, mixed, np.inf, 0)
    before, stalled = np.inf, 0
    for iteration in range(max_iter + 1):
        ratio = sample_weights / mixed
        multipliers = ratio @ values
        if mixing is not None:
            multipliers = multipliers @ mixing
        gap = certified_gap(multipliers, floor, total, float(np.sum(ratio * extra)))
        # The gap is of first order and f of second: once f is round-off, the gap decides.
        falls = value < before - _noise(value)
        stalled = 0 if falls or gap < _PROGRESS * best.gap else stalled + 1
        best = Solved(weights, mixed, gap, iteration) if gap < best.gap else best
        if gap <= tol or iteration == max_iter or stalled > _PATIENCE:
            break
        scaled = values * np.sqrt(ratio / mixed)[:, None]
        target = _model_minimum(scaled.T @ scaled, mixing, multipliers, weights, floor, total)
        move = target - weights
        change = mix(move)
        length = _line_search(value, mixed, change, float(multipliers @ move), sample_weights)
        if length == 0.0:
            break
        weights = weights + length * move
        mixed = mix(weights) + extra
        before, value = value, _value(mixed, sample_weights)
    return replace(best, n_iter=iteration)


def _line_search(
    value: float, mixed: Array, change: Array, slope: float, sample_weights: Array
) -> float:
    """Return a step along the change of m that lowers f, up to its round-off; 0 if there is none.

    slope: minus the derivative of f along it.
    """
    length = 1.0
    while length > _SHORTEST:
        found = _value(mixed + length * change, sample_weights)
        if found <= value - _ARMIJO * length * slope + _noise(value):
            return length
        length *= 0.5
    return 0.0


def certified_gap(multipliers: Array, floor: float, total: float = 1.0, rest: float = 0.0) -> float:
    """Return the upper bound of f(w) - min f from D (K,) and sum_i a_i o_i / m_i at w."""
    free = total - floor * multipliers.size
    best = floor * float(multipliers.sum()) + free * float(multipliers.max()) + rest
    return max(float(np.log(best)), 0.0)


def _noise(value: float) -> float:
    return 4.0 * float(np.finfo(float).eps) * max(1.0, abs(value))


def _value(mixed: Array, sample_weights: Array) -> float:
    if not mixed.min() > 0.0:
        return np.inf
    return -float(sample_weights @ np.log(mixed))


def _model_minimum(
    gram: Array,
    mixing: Array | None,
    multipliers: Array,
    weights: Array,
    floor: float,
    total: float,
) -> Array:
    """Return the minimum of the quadratic model; gram: V' diag(a / m^2) V."""
    eigenvalues, vectors = np.linalg.eigh(gram)
    root = np.sqrt(np.maximum(eigenvalues, 0.0))[:, None] * vectors.T
    factor = root if mixing is None else root @ mixing
    above = weights - floor
    # The ridge is on the step, so that the minimum of f stays a fixed point.
    ridge = _RIDGE * float(np.max(np.einsum("rk,rk->k", factor, factor)))
    linear = factor.T @ (factor @ above) + ridge * above + multipliers
    free = total - floor * weights.size
    if free <= 0.0:
        return weights
    return floor + quadratic(factor, ridge, linear, free, above)


def quadratic(factor: Array, ridge: float, linear: Array, total: float, start: Array) -> Array:
    """Minimise 1/2 |A v|^2 + 1/2 ridge |v|^2 - q'v over v >= 0, sum v = total, by an active set.

    factor: A (r, K); linear: q (K,); start: a feasible v (K,), whose support is kept if it is
    small (else one atom is begun with).
    """
    n_atoms = linear.size
    v = start
    free = np.flatnonzero(v > 0.0)
    if 2 * free.size > factor.shape[0] or free.size == 0:
        free = np.array([int(np.argmax(linear))])
        v = np.zeros(n_atoms)
        v[free] = total
    for _ in range(10 * n_atoms + 10):
        part = factor[:, free]
        stationary, level = _stationary(part, ridge, linear[free], total)
        low = stationary <= 0.0
        if low.any() and free.size > 1:
            now = v[free]
            step = np.min(now[low] / (now[low] - stationary[low]), initial=1.0)
            moved = now + step * (stationary - now)
            stays = ~(low & (moved <= 1e-15 * total))
            if stays.all():
                stays[np.flatnonzero(low)[np.argmin(moved[low])]] = False
            v = np.zeros(n_atoms)
            v[free[stays]] = np.maximum(moved[stays], 0.0)
            free = free[stays]
            continue
        v = np.zeros(n_atoms)
        v[free] = stationary
        rest = linear - factor.T @ (part @ stationary)
        rest[free] = -np.inf
        best = int(np.argmax(rest))
        if rest[best] <= level + 1e-13 * max(1.0, abs(level)):
            break
        free = np.append(free, best)
    return v * (total / v.sum())


def _stationary(part: Array, ridge: float, linear: Array, total: float) -> tuple[Array, float]:
    """Return the minimum on the plane sum v = total, and the multiplier of that plane."""
    gram = part.T @ part
    gram[np.diag_indices_from(gram)] += ridge
    right = np.column_stack([linear, np.ones(linear.size)])
    try:
        solved = cho_solve(cho_factor(gram), right)
    except np.linalg.LinAlgError:
        solved = np.linalg.lstsq(gram, right, rcond=None)[0]
    level = (solved[:, 0].sum() - total) / solved[:, 1].sum()
    return solved[:, 0] - level * solved[:, 1], float(level)
