"""Unconstrained coordinates of a mixture, in which acceleration extrapolates.

Weights and probability vectors are charted by their logarithms (renormalised on the way back, so
that only the log-ratios count), positive values by log, values between 0 and 1 by logit, positive
definite matrices by their Cholesky factor with the logarithms of its diagonal [Pinheiro & Bates
1996], directions by the vector itself, brought to length 1 on the way back. Locations and matrices
are seen from a base mixture, as (mu - mu_0) / L_0 and L / L_0 with L_0 the Cholesky factor there:
coordinates change neither with the units of the points nor under any linear map of them.

Values exactly on the boundary (a weight or probability of 0 or 1, a rate of 0) stay there under
every M-step, so that a chart leaves them where its base mixture has them. It covers the mixtures
with the same boundary values, and no others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mixot.families.base import Domain, Family
from mixot.types import Array, Mixture, Parameters

Indices = NDArray[np.intp]

_REAL = Domain("real")
# Domains whose curvature has no closed form here, and the step of the difference that measures it.
_MEASURED = frozenset({"real", "positive", "sphere"})
_STEP = 1e-3


@dataclass(frozen=True, slots=True)
class Chart:
    """Coordinates about a base mixture.

    scales: by name, what the coordinates of locations and matrices are divided by; free_weights:
    whether the weights are among the coordinates (else mixtures get those of the base); owners:
    (p,) the component of each coordinate, -1 for what all share; curvatures: (p,), the square root
    of the second derivative of a component's KL along each coordinate, at the base.
    """

    domains: Mapping[str, Domain]
    base: Mixture
    scales: Parameters
    free_weights: bool
    owners: Indices
    curvatures: Array

    def vector(self, mixture: Mixture) -> Array | None:
        """Return the coordinates (p,); None for a mixture that the chart does not cover."""
        values = _arrays(mixture, self.free_weights)
        parts = []
        for name, base in _arrays(self.base, self.free_weights).items():
            forward = _KINDS[self.domains[name].kind][0]
            coordinates = forward(values[name], base, self.scales[name])
            if coordinates is None or not np.isfinite(coordinates).all():
                return None
            parts.append(coordinates.ravel())
        return np.concatenate(parts)

    def mixture(self, vector: Array) -> Mixture | None:
        """Return the mixture with these coordinates (p,); None if it is not a finite one."""
        values: dict[str, Array] = {}
        start = 0
        for name, base in _arrays(self.base, self.free_weights).items():
            domain = self.domains[name]
            shape = _shape(domain, base)
            size = int(np.prod(shape))
            coordinates = vector[start : start + size].reshape(shape)
            start += size
            with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
                new = _KINDS[domain.kind][1](coordinates, base, self.scales[name])
            if not np.isfinite(new).all():
                return None
            values[name] = new
        weights = values.pop("", self.base.weights)
        return Mixture(weights, values)

    def stable(self, mixture: Mixture) -> Array:
        """Return coordinates (p,) in which lengths are those of KL, up to `shares`.

        Probabilities and rates enter by square roots, so that one on its way to the boundary,
        whose logarithm goes on for ever, comes to rest.
        """
        x = self.vector(mixture)
        assert x is not None
        values = _arrays(mixture, self.free_weights)
        parts = []
        for name in _arrays(self.base, self.free_weights):
            root = _ROOTS.get(self.domains[name].kind)
            size = int(np.prod(_shape(self.domains[name], values[name])))
            parts.append(np.full(size, np.nan) if root is None else root(values[name]).ravel())
        closed = np.concatenate(parts)
        return np.where(np.isnan(closed), self.curvatures * x, closed)

    def shares(self, mixture: Mixture) -> Array:
        """Return the square roots (p,) of the weights by which coordinates count in lengths."""
        return np.where(self.owners < 0, 1.0, np.sqrt(mixture.weights)[self.owners])

    def metric(self, mixture: Mixture) -> Array:
        """Return factors (p,) that give small changes of coordinates their length in KL."""
        values = _arrays(mixture, self.free_weights)
        parts = []
        for name in _arrays(self.base, self.free_weights):
            slope = _SLOPES.get(self.domains[name].kind)
            size = int(np.prod(_shape(self.domains[name], values[name])))
            parts.append(np.full(size, np.nan) if slope is None else slope(values[name]).ravel())
        closed = np.concatenate(parts)
        return self.shares(mixture) * np.where(np.isnan(closed), self.curvatures, closed)


def chart(family: Family, base: Mixture, free_weights: bool) -> Chart | None:
    """Return the chart about a mixture; None if the base itself has no coordinates."""
    named = {name: family.domains.get(name, _REAL) for name in base.parameters}
    domains = {"": Domain("simplex"), **named}
    scales, owners = {}, []
    for name, values in _arrays(base, free_weights).items():
        scale = _scale(domains, name, base.parameters)
        if scale is None:
            return None
        scales[name] = scale
        shape = _shape(domains[name], values)
        component = np.arange(base.n_components).reshape((-1,) + (1,) * (len(shape) - 1))
        alone = name == "" or name in family.shared
        owners.append(np.broadcast_to(-1 if alone else component, shape).ravel())
    owned = np.concatenate(owners)
    plain = Chart(domains, base, scales, free_weights, owned, np.ones(owned.size))
    x = plain.vector(base)
    return None if x is None else replace(plain, curvatures=_curvatures(plain, x, family))


def _curvatures(plain: Chart, x: Array, family: Family) -> Array:
    """Measure the curvatures that are not known, one coordinate of all components at a time."""
    result = np.ones(x.size)
    start = 0
    for name, base in _arrays(plain.base, plain.free_weights).items():
        kind = plain.domains[name].kind
        shape = _shape(plain.domains[name], base)
        size = int(np.prod(shape))
        if kind == "covariance":
            rows, columns = np.tril_indices(base.shape[-1])
            on_diagonal = np.broadcast_to(np.where(rows == columns, np.sqrt(2.0), 1.0), shape)
            result[start : start + size] = on_diagonal.ravel()
        elif kind in _MEASURED and name not in family.shared:
            positions = np.arange(start, start + size).reshape(shape[0], -1)
            for along in positions.T:
                step = np.zeros(x.size)
                step[along] = _STEP
                moved = plain.mixture(x + step)
                if moved is not None:
                    divergence = family.divergence(moved.parameters, plain.base.parameters)
                    result[along] = np.sqrt(2.0 * np.maximum(divergence, 0.0)) / _STEP
        start += size
    return np.where(np.isfinite(result), result, 1.0)


def _scale(domains: Mapping[str, Domain], name: str, parameters: Parameters) -> Array | None:
    """Return what coordinates are divided by: factors (K or 1, d, d) or numbers; None if singular.

    Numbers are in a shape that values of the parameter can be divided by.
    """
    domain = domains[name]
    if domain.kind == "real":
        size = np.max(np.abs(parameters[name]), initial=0.0)
        return np.array(size if size > 0.0 else 1.0)
    source = name if domain.kind == "covariance" else domain.spread
    if source is None:
        return np.array(1.0)
    if not isinstance(source, str):
        return np.array(source)
    values = parameters[source]
    if domains[source].kind == "covariance":
        try:
            factors = np.asarray(np.linalg.cholesky(values), dtype=np.float64)
        except np.linalg.LinAlgError:
            return None
        return factors if factors.ndim == 3 else factors[None]
    with np.errstate(invalid="ignore"):
        deviations = np.sqrt(values)
    if not (deviations > 0.0).all():
        return None
    return deviations if deviations.ndim == 2 else deviations[:, None]


def _arrays(mixture: Mixture, free_weights: bool) -> Parameters:
    """Return the parameters, and the weights under the empty name, which no parameter has."""
    weights = {"": mixture.weights} if free_weights else {}
    return {**weights, **mixture.parameters}


def _shape(domain: Domain, values: Array) -> tuple[int, ...]:
    if domain.kind == "fixed":
        return (values.shape[0], 0)
    if domain.kind == "covariance":
        n_features = values.shape[-1]
        return (*values.shape[:-2], n_features * (n_features + 1) // 2)
    return values.shape


def _same_face(values: Array, base: Array, *edges: float) -> bool:
    return all(np.array_equal(values == edge, base == edge) for edge in edges)


def _from_real(values: Array, base: Array, scale: Array) -> Array:
    return np.asarray((values - base) / scale)


def _to_real(coordinates: Array, base: Array, scale: Array) -> Array:
    return np.asarray(base + scale * coordinates)


def _from_location(values: Array, base: Array, scale: Array) -> Array:
    if scale.ndim < 3:
        return _from_real(values, base, scale)
    return np.asarray(np.linalg.solve(scale, (values - base)[..., None])[..., 0])


def _to_location(coordinates: Array, base: Array, scale: Array) -> Array:
    if scale.ndim < 3:
        return _to_real(coordinates, base, scale)
    return np.asarray(base + (scale @ coordinates[..., None])[..., 0])


def _from_positive(values: Array, base: Array, scale: Array) -> Array | None:
    del scale
    if not _same_face(values, base, 0.0) or (values < 0.0).any():
        return None
    return np.log(np.where(values == 0.0, 1.0, values))


def _to_positive(coordinates: Array, base: Array, scale: Array) -> Array:
    del scale
    return np.where(base == 0.0, 0.0, np.exp(coordinates))


def _from_unit(values: Array, base: Array, scale: Array) -> Array | None:
    del scale
    if not _same_face(values, base, 0.0, 1.0) or (values < 0.0).any() or (values > 1.0).any():
        return None
    inside = np.where((values == 0.0) | (values == 1.0), 0.5, values)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def _to_unit(coordinates: Array, base: Array, scale: Array) -> Array:
    del scale
    # Each tail from its own exponential, so that small probabilities keep their digits.
    small = np.exp(-np.abs(coordinates))
    inside = np.where(coordinates < 0.0, small, 1.0) / (1.0 + small)
    return np.where((base == 0.0) | (base == 1.0), base, inside)


def _from_simplex(values: Array, base: Array, scale: Array) -> Array | None:
    if not (values > 0.0).any(axis=-1).all():
        return None
    return _from_positive(values, base, scale)


def _to_simplex(coordinates: Array, base: Array, scale: Array) -> Array:
    del scale
    some = np.where(base == 0.0, -np.inf, coordinates)
    shares = np.exp(some - some.max(axis=-1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True))


def _from_covariance(values: Array, base: Array, scale: Array) -> Array | None:
    del base
    try:
        factor = np.linalg.cholesky(values)
    except np.linalg.LinAlgError:
        return None
    relative = np.linalg.solve(scale, factor.reshape(-1, *factor.shape[-2:]))
    rows, columns = np.tril_indices(factor.shape[-1])
    entries = relative[:, rows, columns].reshape(*factor.shape[:-2], rows.size)
    on_diagonal = rows == columns
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(on_diagonal, np.log(np.where(on_diagonal, entries, 1.0)), entries)


def _to_covariance(coordinates: Array, base: Array, scale: Array) -> Array:
    rows, columns = np.tril_indices(base.shape[-1])
    relative = np.zeros_like(base)
    relative[..., rows, columns] = np.where(rows == columns, np.exp(coordinates), coordinates)
    factor = scale.reshape(base.shape) @ relative
    return np.asarray(factor @ np.swapaxes(factor, -1, -2))


def _from_sphere(values: Array, base: Array, scale: Array) -> Array:
    del base, scale
    return values


def _to_sphere(coordinates: Array, base: Array, scale: Array) -> Array:
    del base, scale
    return np.asarray(coordinates / np.linalg.norm(coordinates, axis=-1, keepdims=True))


def _from_fixed(values: Array, base: Array, scale: Array) -> Array:
    del values, base, scale
    return np.zeros(0)


def _to_fixed(coordinates: Array, base: Array, scale: Array) -> Array:
    del coordinates, scale
    return base


_From = Callable[[Array, Array, Array], Array | None]
_To = Callable[[Array, Array, Array], Array]
_KINDS: dict[str, tuple[_From, _To]] = {
    "real": (_from_real, _to_real),
    "location": (_from_location, _to_location),
    "positive": (_from_positive, _to_positive),
    "mean": (_from_positive, _to_positive),
    "unit": (_from_unit, _to_unit),
    "simplex": (_from_simplex, _to_simplex),
    "covariance": (_from_covariance, _to_covariance),
    "sphere": (_from_sphere, _to_sphere),
    "fixed": (_from_fixed, _to_fixed),
}


def _logit_slope(values: Array) -> Array:
    return np.asarray(np.sqrt(values * (1.0 - values)))


def _arcs(values: Array) -> Array:
    return np.asarray(2.0 * np.arcsin(np.sqrt(values)))


def _roots(values: Array) -> Array:
    return np.asarray(2.0 * np.sqrt(values))


# Coordinates that stabilise KL, and their slopes along those of the chart.
_ROOTS: dict[str, Callable[[Array], Array]] = {"unit": _arcs, "simplex": _roots, "mean": _roots}
_SLOPES: dict[str, Callable[[Array], Array]] = {
    "unit": _logit_slope,
    "simplex": np.sqrt,
    "mean": np.sqrt,
}
