"""Products of gamma variables, written about their means m = shape / rate.

    log p(x) = L(shape) - shape (x/m - 1 - log(x/m)) - log x,   L(a) = a log a - a - log Gamma(a)

is the usual density with its large parts cancelled, so that shapes of 1e10 keep their
digits. Statistics are taken about the current means too: with c = x/m - 1 the shape solves

    log a - digamma(a) = E(c - log(1 + c)) - (E c - log(1 + E c)),

and the sums of x/m are kept beside those of c, which lose them where the mean falls by a lot.

While all shapes are moderate there is nothing to lose, and the sums over points are matrix
products with x and log x. The linear form is those products for the components of moderate shape,
with x in units of the sample's mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mixot.arrays import check_enough_points
from mixot.errors import InputError
from mixot.families.averages import occupied, uniform_plan
from mixot.families.base import Domain, SingularComponentError
from mixot.families.counts import log_spread
from mixot.families.gamma_functions import inverse_gap, shape_divergence, stirling
from mixot.families.increments import log_loss
from mixot.families.linear import Coefficients, Moments
from mixot.families.linear_rows import RowsForm, assembled
from mixot.families.support import check_magnitude, check_values
from mixot.types import Array, Mask, Parameters, Sample

VARIANTS = ("",)
# Up to this shape the cancelling parts are at most a hundred times their difference.
_MODERATE = 64.0
# A shape above this multiple of the whole sample's (a relative spread of 1e-7 of it) has collapsed.
_COLLAPSED = 1e14


@dataclass(frozen=True, slots=True)
class Gamma:
    """Independent gamma variables with `shapes` and `rates` (K, d); the mean is shape / rate."""

    name: ClassVar[str] = "gamma"
    shared: ClassVar[frozenset[str]] = frozenset()
    latent: ClassVar[bool] = False

    @property
    def domains(self) -> Mapping[str, Domain]:
        """Shapes and rates are positive."""
        return {"shapes": Domain("positive"), "rates": Domain("positive")}

    def check(self, sample: Sample, n_components: int) -> None:
        """Raise InputError for values <= 0, constant columns, or too few observations."""
        check_values(sample.points, np.asarray(sample.points > 0.0), "a gamma variable must be > 0")
        check_magnitude(sample.points)
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
        """Return (mass, sums of c, of c - log(1 + c) and of x/m) about the means, (K, 1 + 3 d)."""
        means = _means(parameters)
        mass = plan.sum(axis=0)[:, None]
        ratios = plan.T @ points / means
        if parameters["shapes"].max() <= _MODERATE:
            changes = ratios - mass
            losses = changes - (plan.T @ np.log(points) - mass * np.log(means))
        else:
            changes = np.einsum("nk,nkd->kd", plan, (points[:, None, :] - means) / means)
            losses = np.einsum("nk,nkd->kd", plan, _losses(points, means))
        return np.hstack([mass, changes, losses, ratios])

    def m_step(self, statistics: Array, parameters: Parameters) -> Parameters:
        """Return the weighted maximum-likelihood shapes and rates.

        A component of identical values has the shape +inf, which is not regular.
        """
        means = _means(parameters)
        n_features = means.shape[1]
        some = occupied(statistics)[:, None]
        average = statistics[:, 1:] / np.where(some, statistics[:, :1], 1.0)
        change, loss = average[:, :n_features], average[:, n_features : 2 * n_features]
        ratio = np.where(some, average[:, 2 * n_features :], 1.0)
        shapes = inverse_gap(loss - log_loss(change, ratio))
        rates = shapes / (means * ratio)
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

    def linear_form(self, reference: Parameters) -> "GammaForm":
        """Return the linear form in units of the sample's means.

        Raises SingularComponentError if these are not proper.
        """
        means = _means(reference)[0]
        return GammaForm(2 * means.size, means)


@dataclass(frozen=True, slots=True)
class GammaForm(RowsForm):
    """Features (1, y, log y), y = x / m with the means m (d,) of the sample."""

    means: Array

    def to_frame(self, points: Array) -> Array:
        """Map points (m, d) to (2 d, m), y and log y."""
        logs = np.log(points) - np.log(self.means)
        return np.ascontiguousarray(np.vstack([(points / self.means).T, logs.T]))

    def moments(self, framed: Array, sample_weight: Array) -> Moments:
        """Return the largest |log y| as the radius."""
        del sample_weight
        return Moments(np.zeros(1), float(np.abs(framed[self.means.size :]).max()))

    def coefficients(self, parameters: Parameters, moments: Moments) -> Coefficients:
        """Return the coefficients; raises SingularComponentError like the density."""
        shapes, rates, means = parameters["shapes"], parameters["rates"], _means(parameters)
        apart = np.log(self.means) - np.log(means)
        constants = stirling(shapes) + shapes * (1.0 + apart) - np.log(self.means)
        scaled = rates * self.means
        accurate = np.asarray(((shapes <= _MODERATE) & np.isfinite(scaled)).all(axis=1))
        # The mode of a shape below 1 is at 0, where the density has no bound but on the sample.
        above = np.maximum(shapes - 1.0, 0.0)
        mode = np.log(rates) + log_spread(above)
        steep = constants + (1.0 - shapes) * moments.radius
        peak = np.where(shapes >= 1.0, mode, steep).sum(axis=1)
        linear = np.hstack([-scaled, shapes - 1.0])
        return assembled(constants.sum(axis=1), linear, accurate, peak)

    def statistics(self, sums: Array, parameters: Parameters, moments: Moments) -> Array:
        """Return (mass, sums of c, of c - log(1 + c) and of x/m) about the components' means."""
        del moments
        d = self.means.size
        means, mass = _means(parameters), sums[:, :1]
        ratios = sums[:, 1 : 1 + d] * (self.means / means)
        changes = ratios - mass
        apart = np.log(self.means) - np.log(means)
        return np.hstack([mass, changes, changes - sums[:, 1 + d :] - mass * apart, ratios])


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
