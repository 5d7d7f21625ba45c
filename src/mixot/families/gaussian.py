"""Gaussian components: -2 log p_k(x) = |W_k (x - mu_k)|^2 - 2 log det W_k + d log 2 pi.

W_k is the inverse Cholesky factor of the covariance. Statistics are taken about the current means,
so that neither the distance of the data from the origin nor that between the components costs
digits. The covariance is the plain maximum-likelihood one: nothing is added to its diagonal, unless
the option `ridge` asks for it, and nothing bounds it, unless the option `floor` does.

A floor is a constraint, so that the likelihood stays the objective and every M-step lowers it. At
an active floor the decrease exceeds KL(theta' | theta), the third term of the energy balance; it is
measured on the costs instead, as for families with latent variables.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mixot.arrays import check_enough_points, check_gaussian
from mixot.errors import InputError
from mixot.families import covariances as shapes
from mixot.families.base import Domain
from mixot.families.gaussian_linear import GaussianForm, gaussian_form
from mixot.families.support import check_magnitude
from mixot.types import Array, Mask, Parameters, Sample

VARIANTS = shapes.TYPES
_LOG_2PI = float(np.log(2.0 * np.pi))
# A covariance that in some direction is below this fraction of the whole sample's (a standard
# deviation of 1e-7 of it) has collapsed: its entries are round-off of the data.
_COLLAPSED = 1e-14
# A floor binds what is above it by no more than this fraction, as accelerated fits may end.
_AT_FLOOR = 1e-6


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Gaussian with `means` (K, d) and `covariances` shaped by the covariance type.

    covariance_type: full, tied, diag, spherical or known.
    covariance: for the type "known", the fixed covariance: a variance, d variances or a (d, d)
    matrix, common to all components; parameters then hold the means alone.
    ridge: variance added to every direction of every estimated covariance. The M-step is then no
    maximum-likelihood step: the objective may rise, and what converges is the iteration alone.
    floor: the least variance that a component may have in any direction, in squared units of the
    points; covariances below it, as a start may have, are not regular.
    """

    covariance_type: str = "full"
    covariance: Array | None = None
    ridge: float = 0.0
    floor: float = 0.0

    def __post_init__(self) -> None:
        """Refuse options that are no sizes or do not belong together."""
        if self.covariance_type not in VARIANTS:
            raise InputError(
                f"unknown covariance type {self.covariance_type!r}; allowed: {', '.join(VARIANTS)}"
            )
        known = self.covariance_type == "known"
        for option, size in (("ridge", self.ridge), ("floor", self.floor)):
            shapes.check_size(option, size)
            if known and size != 0.0:
                raise InputError(f"{self._called} estimates no covariance: it takes no {option}")
        if self.ridge > 0.0 and self.floor > 0.0:
            raise InputError(f"{self._called} takes a ridge or a floor, not both")
        if known:
            object.__setattr__(self, "covariance", _checked(self.covariance))
        elif self.covariance is not None:
            raise InputError(f"{self._called} estimates its covariance: give none")

    @property
    def name(self) -> str:
        """Name in the registry."""
        return f"gaussian-{self.covariance_type}"

    @property
    def latent(self) -> bool:
        """Whether a floor may make the decrease of an M-step more than its divergence."""
        return self.floor > 0.0

    @property
    def shared(self) -> frozenset[str]:
        """The tied covariance has no component axis."""
        return frozenset({"covariances"} if self.covariance_type == "tied" else ())

    @property
    def domains(self) -> Mapping[str, Domain]:
        """Means among points; matrices, or positive variances."""
        if self.covariance is not None:
            known = self.covariance
            variances = np.diagonal(known) if known.ndim == 2 else known
            deviations = tuple(np.sqrt(np.atleast_1d(variances)).tolist())
            return {"means": Domain("location", deviations)}
        matrices = self.covariance_type in ("full", "tied")
        return {
            "means": Domain("location", "covariances"),
            "covariances": Domain("covariance" if matrices else "positive"),
        }

    def check(self, sample: Sample, n_components: int) -> None:
        """Raise InputError for too few observations, or data that force a singular covariance."""
        check_magnitude(sample.points)
        check_enough_points(sample, n_components)
        if self.covariance_type != "known":
            # With a ridge or a floor no data make a covariance singular.
            if self.ridge == 0.0 and self.floor == 0.0:
                check_gaussian(sample, n_components)
        elif self.covariance is not None and self.covariance.ndim > 0:
            n_features = sample.points.shape[1]
            if self.covariance.shape[0] != n_features:
                raise InputError(
                    f"the known covariance has {self.covariance.shape[0]} rows "
                    f"but the points have {n_features} columns"
                )

    def initial(self, sample: Sample, n_components: int) -> Parameters:
        """Give every component the sample's mean and covariance."""
        mean = sample.weights @ sample.points
        # A second pass takes out the rounding of the first, which matters for distant data.
        mean = mean + sample.weights @ (sample.points - mean)
        means = np.tile(mean, (n_components, 1))
        if self.covariance_type == "known":
            return {"means": means}
        one = sample.weights[:, None]
        moments = shapes.scatter((sample.points - mean)[None], one, self.covariance_type)
        estimate = shapes.maximise(
            moments, np.ones(1), np.zeros((1, mean.size)), None, self.covariance_type, self.floor
        )
        estimate = self._with_ridge(estimate, np.ones(1))
        if self.covariance_type != "tied":
            estimate = np.repeat(estimate, n_components, axis=0)
        return {"means": means, "covariances": estimate}

    def log_density(self, points: Array, parameters: Parameters) -> Array:
        """Return log p_k(x_i), shape (n, K)."""
        means = parameters["means"]
        scale, log_det = shapes.whitener(self._expanded(parameters))
        white = shapes.whiten(points[None] - means[:, None, :], scale)
        squares = np.einsum("knd,knd->nk", white, white)
        return (log_det - 0.5 * points.shape[1] * _LOG_2PI) - 0.5 * squares

    def statistics(self, points: Array, plan: Array, parameters: Parameters) -> Array:
        """Return (mass, first, second moments) about the means in `parameters`, shape (K, p)."""
        centred = points[None] - parameters["means"][:, None, :]
        first = np.einsum("nk,knd->kd", plan, centred)
        mass = plan.sum(axis=0)[:, None]
        return np.hstack([mass, first, shapes.scatter(centred, plan, self.covariance_type)])

    def m_step(self, statistics: Array, parameters: Parameters) -> Parameters:
        """Return weighted means and covariances about the new means."""
        means = parameters["means"]
        n_features = means.shape[1]
        mass = statistics[:, 0]
        occupied = mass > np.finfo(float).tiny
        shift = np.zeros_like(means)
        shift[occupied] = statistics[occupied, 1 : 1 + n_features] / mass[occupied, None]
        if self.covariance_type == "known":
            return {"means": means + shift}
        estimate = shapes.maximise(
            statistics[:, 1 + n_features :],
            mass,
            shift,
            parameters["covariances"],
            self.covariance_type,
            self.floor,
        )
        return {"means": means + shift, "covariances": self._with_ridge(estimate, mass)}

    def divergence(self, new: Parameters, old: Parameters) -> Array:
        """Return KL(p_new,k | p_old,k), shape (K,)."""
        scale, _ = shapes.whitener(self._expanded(old))
        move = (new["means"] - old["means"])[:, None, :]
        white = shapes.whiten(move, scale)[:, 0, :]
        distance: Array = 0.5 * np.einsum("kd,kd->k", white, white)
        if self.covariance_type == "known":
            return distance
        return distance + shapes.log_det_divergence(self._expanded(new), self._expanded(old), scale)

    def regular(self, parameters: Parameters, reference: Parameters) -> Mask:
        """Say which covariances exceed a tiny fraction of the reference variances, or the floor."""
        finite = np.isfinite(parameters["means"]).all(axis=1)
        if self.covariance_type == "known":
            return np.asarray(finite)
        covariances = self._expanded(parameters)
        if not np.isfinite(covariances).all():
            return np.zeros_like(finite)
        if self.floor > 0.0:
            least, slack = shapes.extremes(covariances)
            finite = finite & (least >= self.floor - slack)
        # A ridge or a floor is a size that the user vouches for, however small beside the sample's.
        collapsed = _COLLAPSED if self.ridge == 0.0 and self.floor == 0.0 else 0.0
        limit = collapsed * self._expanded(reference)
        if limit.ndim == 3:
            # Of matrices only the variances count: columns that depend on each other linearly
            # make the reference itself singular up to round-off.
            limit = limit * np.eye(limit.shape[-1])
        return np.asarray(finite & shapes.exceeds(covariances, limit))

    def at_floor(self, parameters: Parameters) -> Mask:
        """Say of which components the floor binds the covariance, or is not respected, (K,)."""
        n_components = parameters["means"].shape[0]
        covariances = None if self.floor == 0.0 else self._expanded(parameters)
        if covariances is None or not np.isfinite(covariances).all():
            return np.zeros(n_components, dtype=bool)
        least, slack = shapes.extremes(covariances)
        bound = least <= self.floor * (1.0 + _AT_FLOOR) + slack
        return np.broadcast_to(bound, (n_components,)).copy()

    def remarks(self, parameters: Parameters) -> str:
        """Say in a sentence where the floor is active; nothing if nowhere."""
        bound = np.flatnonzero(self.at_floor(parameters))
        if not bound.size:
            return ""
        return (
            f"The floor {self.floor:g} on covariances is active in component"
            f"{'s' if bound.size > 1 else ''} {', '.join(map(str, bound))}."
        )

    def sample(self, parameters: Parameters, labels: Array, rng: np.random.Generator) -> Array:
        """Draw one point for each label."""
        index = np.asarray(labels, dtype=np.intp)
        means = parameters["means"][index]
        noise = rng.standard_normal(means.shape)
        expanded = self._expanded(parameters)
        if expanded.shape[0] == 1:
            index = np.zeros_like(index)
        if expanded.ndim == 2:
            return means + noise * np.sqrt(expanded)[index]
        factor = np.linalg.cholesky(expanded)[index]
        return means + np.einsum("nij,nj->ni", factor, noise)

    def linear_form(self, reference: Parameters) -> GaussianForm:
        """Return the linear form in the frame of the sample's mean and covariance.

        Raises SingularComponentError if that covariance is singular.
        """
        known = self._expanded(reference) if self.covariance_type == "known" else None
        return gaussian_form(
            self.covariance_type, reference["means"][0], self._expanded(reference)[:1], known
        )

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Count means and the free entries of the covariances."""
        triangle = n_features * (n_features + 1) // 2
        entries = {
            "full": n_components * triangle,
            "tied": triangle,
            "diag": n_components * n_features,
            "spherical": n_components,
            "known": 0,
        }
        return n_components * n_features + entries[self.covariance_type]

    def _with_ridge(self, covariances: Array, mass: Array) -> Array:
        """Return the covariances with the ridge on those that were estimated just now."""
        if self.ridge == 0.0:
            return covariances
        if self.covariance_type == "tied":
            return covariances + self.ridge * np.eye(covariances.shape[0])
        shape = (-1,) + (1,) * (covariances.ndim - 1)
        added = np.where(mass > np.finfo(float).tiny, self.ridge, 0.0).reshape(shape)
        if self.covariance_type == "full":
            return covariances + added * np.eye(covariances.shape[-1])
        return np.asarray(covariances + added)

    @property
    def _called(self) -> str:
        return f"family {self.name!r}"

    def _expanded(self, parameters: Parameters) -> Array:
        values = self.covariance if self.covariance_type == "known" else parameters["covariances"]
        return shapes.expand(np.asarray(values), self.covariance_type, parameters["means"].shape[1])


def make(
    variant: str, covariance: object = None, ridge: float = 0.0, floor: float = 0.0
) -> Gaussian:
    """Build a Gaussian family; the options are described there."""
    return Gaussian(variant, covariance, ridge, floor)  # type: ignore[arg-type]


def _checked(covariance: object) -> Array:
    """Return a known covariance, which may be a variance, variances or a matrix, as an array."""
    if covariance is None:
        raise InputError("family 'gaussian-known' needs the option covariance")
    try:
        known = np.asarray(covariance, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("the known covariance must be a number, or an array of numbers") from None
    symmetric = known.ndim < 2 or (
        known.ndim == 2 and known.shape[0] == known.shape[1] and np.allclose(known, known.T)
    )
    if not symmetric or not np.isfinite(known).all():
        raise InputError("the known covariance must be finite and symmetric")
    expanded = shapes.expand(known, "known", known.shape[0] if known.ndim else 1)
    if not shapes.exceeds(expanded, np.zeros_like(expanded)).all():
        raise InputError("the known covariance must be positive definite")
    return known
