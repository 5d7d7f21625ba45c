"""Products of gamma variables, written about their means m = shape / rate.

    log p(x) = L(shape) - shape (x/m - 1 - log(x/m)) - log x,   L(a) = a log a - a - log Gamma(a)

is the usual density with its large parts cancelled, so that shapes of 1e10 keep their
digits. Statistics are taken about the current means too: with c = x/m - 1 the shape solves

    log a - digamma(a) = E(c - log(1 + c)) - (E c - log(1 + E c)).

While all shapes are moderate there is nothing to lose, and the sums over points are matrix
products with x and log x.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mixot.arrays import check_enough_points
from mixot.errors import InputError
from mixot.families.averages import occupied, uniform_plan
from mixot.families.base import Domain, SingularComponentError
from mixot.families.gamma_functions import inverse_gap, shape_divergence, stirling
from mixot.families.increments import log_loss
from mixot.families.support import check_values
from mixot.types import Array, Mask, Parameters, Sample

VARIANTS = ("",)
# Up to this shape the cancelling parts are at most a hundred times their difference.
_MODERATE = 64.0
# A shape above this multiple of the whole sample's (a relative spread of 1e-7 of it) has collapsed.
_COLLAPSED = 1e14


@dataclass(frozen=True, slots=True)
class Gamma:
    """Independent gamma variables with `shapes` and `rates` (K, d); the mean is shape / rate."""

    name: str = "gamma"
    shared: frozenset[str] = frozenset()
    latent: bool = False

    @property
    def domains(self) -> Mapping[str, Domain]:
        """Shapes and rates are positive."""
        return {"shapes": Domain("positive"), "rates": Domain("positive")}

    def check(self, sample: Sample, n_components: int) -> None:
        """Raise InputError for values <= 0, constant columns, or too few observations."""
        check_values(sample.points, np.asarray(sample.points > 0.0), "a gamma variable must be > 0")
        check_enough_points(sample, n_components)
        constant = np.flatnonzero(np.ptp(sample.points, axis=0) == 0.0)
        if constant.size:
            raise InputError(
                f"points: column {constant[0]} is constant "
                f"({sample.points[0, constant[0]]:.15g}); gamma shapes need columns that vary"
            )

    def initial(self, sample: Sample, n_components: int) -> Parameters:
        """Give every component the shape and rate of the whole sample."""
        means = np.tile(sample.weights @ sample.points, (n_components, 1))
        # The shape says only that points may be nearly equal.
        about = {"shapes": np.full_like(means, _COLLAPSED), "rates": _COLLAPSED / means}
        plan = uniform_plan(sample.weights, n_components)
        return self.m_step(self.statistics(sample.points, plan, about), about)

    def log_density(self, points: Array, parameters: Parameters) -> Array:
        """Return log p_k(x_i), shape (n, K); -inf for values that are not positive."""
        shapes = parameters["shapes"]
        means = _means(parameters)
        inside = (points > 0.0).all(axis=1, keepdims=True)
        positive = np.where(points > 0.0, points, 1.0)
        logs = np.log(positive)
        if shapes.max() <= _MODERATE:
            constants = np.sum(shapes * (np.log(means) - 1.0), axis=1)
            losses = positive @ parameters["rates"].T - logs @ shapes.T + constants
        else:
            losses = np.einsum("nkd,kd->nk", _losses(positive, means), shapes)
        values = stirling(shapes).sum(axis=1) - losses - logs.sum(axis=1)[:, None]
        return np.where(inside, values, -np.inf)

    def statistics(self, points: Array, plan: Array, parameters: Parameters) -> Array:
        """Return (mass, sums of c, sums of c - log(1 + c)) about the means, (K, 1 + 2 d)."""
        means = _means(parameters)
        mass = plan.sum(axis=0)[:, None]
        if parameters["shapes"].max() <= _MODERATE:
            changes = plan.T @ points / means - mass
            losses = changes - (plan.T @ np.log(points) - mass * np.log(means))
        else:
            changes = np.einsum("nk,nkd->kd", plan, (points[:, None, :] - means) / means)
            losses = np.einsum("nk,nkd->kd", plan, _losses(points, means))
        return np.hstack([mass, changes, losses])

    def m_step(self, statistics: Array, parameters: Parameters) -> Parameters:
        """Return the weighted maximum-likelihood shapes and rates.

        A component of identical values has the shape +inf, which is not regular.
        """
        means = _means(parameters)
        n_features = means.shape[1]
        some = occupied(statistics)[:, None]
        average = statistics[:, 1:] / np.where(some, statistics[:, :1], 1.0)
        change, loss = average[:, :n_features], average[:, n_features:]
        shapes = inverse_gap(loss - log_loss(change, 1.0 + change))
        rates = shapes / (means * (1.0 + change))
        return {
            "shapes": np.where(some, shapes, parameters["shapes"]),
            "rates": np.where(some, rates, parameters["rates"]),
        }

    def divergence(self, new: Parameters, old: Parameters) -> Array:
        """Return KL(p_new,k | p_old,k): what the means differ by, and the shapes at equal means."""
        means, base = _means(new), _means(old)
        moved = old["shapes"] * log_loss((means - base) / base, means / base)
        return np.asarray((moved + shape_divergence(new["shapes"], old["shapes"])).sum(axis=1))

    def regular(self, parameters: Parameters, reference: Parameters) -> Mask:
        """Say which shapes are below a large multiple of the reference's."""
        shapes, rates = parameters["shapes"], parameters["rates"]
        with np.errstate(invalid="ignore"):
            proper = (shapes > 0.0) & (shapes < _COLLAPSED * reference["shapes"])
        return np.asarray((proper & (rates > 0.0) & np.isfinite(rates)).all(axis=1))

    def sample(self, parameters: Parameters, labels: Array, rng: np.random.Generator) -> Array:
        """Draw one vector for each label."""
        index = np.asarray(labels, dtype=np.intp)
        return rng.gamma(parameters["shapes"][index], 1.0 / parameters["rates"][index])

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """One shape and one rate a component and column."""
        return 2 * n_components * n_features


def make(variant: str) -> Gamma:
    """Build the gamma family; it has neither variants nor options."""
    del variant
    return Gamma()


def _means(parameters: Parameters) -> Array:
    shapes, rates = parameters["shapes"], parameters["rates"]
    if not (np.isfinite(shapes).all() and np.isfinite(rates).all()):
        raise SingularComponentError("a gamma shape or rate is not finite")
    if not ((shapes > 0.0).all() and (rates > 0.0).all()):
        raise SingularComponentError("a gamma shape or rate is not positive")
    return np.asarray(shapes / rates)


def _losses(points: Array, means: Array) -> Array:
    """Return c - log(1 + c), c = x/m - 1, of points (n, d) about means (K, d): (n, K, d)."""
    apart = points[:, None, :]
    return log_loss((apart - means) / means, apart / means)
