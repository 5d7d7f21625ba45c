"""Von Mises-Fisher laws on the unit sphere of R^d: log p(x) = c(kappa) + kappa <mu, x>.

With v = d/2 - 1 and I_v the modified Bessel function, c = v log kappa - log I_v - (d/2) log 2 pi,
with respect to the surface measure; kappa = 0 is the uniform law. An exponential family with
T(x) = x, whose M-step solves A(kappa) = I_{v+1} / I_v = |mean| [Mardia & Jupp 2000, sec. 10.3].

Concentrated components would lose their digits in kappa (<mu, x> - 1), so that everything is
written in the gap 1 - <mu, x> = |x - mu|^2 / 2. Rows are brought to length 1 again before use:
what counts is the direction, to the last digit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import gammaln

from mixot.arrays import check_enough_points
from mixot.errors import InputError
from mixot.families.averages import occupied, uniform_plan
from mixot.families.base import Domain, SingularComponentError
from mixot.families.bessel import inverse_ratio, log_scaled, log_scaled_divergence, ratio
from mixot.families.linear import Coefficients, Moments
from mixot.families.linear_rows import RowsForm, assembled
from mixot.types import Array, Mask, Parameters, Sample

VARIANTS = ("",)
# Rows this far from length 1 are taken for directions that were rounded when they were written.
_LENGTH_ERROR = 1e-6
# A concentration above this multiple of the whole sample's (at least 1), a spread of 1e-7 radians
# at most, has collapsed.
_COLLAPSED = 1e14
# From this concentration on the gaps are formed from differences: 1 - <mu, x> is 1e-16 wrong.
_SHARP = 100.0


@dataclass(frozen=True, slots=True)
class VonMisesFisher:
    """Unit vectors about `directions` (K, d) with `concentrations` (K,)."""

    name: ClassVar[str] = "von_mises_fisher"
    shared: ClassVar[frozenset[str]] = frozenset()
    latent: ClassVar[bool] = False

    @property
    def domains(self) -> Mapping[str, Domain]:
        """Directions are unit vectors, concentrations positive."""
        return {"directions": Domain("sphere"), "concentrations": Domain("positive")}

    def check(self, sample: Sample, n_components: int) -> None:
        """Raise InputError for rows that are not unit vectors, one column, or too few rows."""
        if sample.points.shape[1] < 2:
            raise InputError("points: directions need at least 2 columns, got 1")
        lengths = np.linalg.norm(sample.points, axis=1)
        bad = np.abs(lengths - 1.0) > _LENGTH_ERROR
        if bad.any():
            row = int(np.argmax(bad))
            raise InputError(
                f"points: row {row} has length {lengths[row]:.15g}; directions must be unit "
                "vectors (divide each row by its length)"
            )
        check_enough_points(sample, n_components)
        if not np.ptp(sample.points, axis=0).any():
            raise InputError("points: all rows are the same; concentrations need rows that vary")

    def initial(self, sample: Sample, n_components: int) -> Parameters:
        """Give every component the direction and concentration of the whole sample."""
        mean = sample.weights @ sample.points
        length = np.linalg.norm(mean)
        # Without a mean direction the law is uniform and any direction will do.
        direction = mean / length if length > 0.0 else np.eye(mean.size)[0]
        about = {
            "directions": np.tile(direction, (n_components, 1)),
            "concentrations": np.full(n_components, np.inf),
        }
        plan = uniform_plan(sample.weights, n_components)
        return self.m_step(self.statistics(sample.points, plan, about), about)

    def log_density(self, points: Array, parameters: Parameters) -> Array:
        """Return log p_k(x_i), shape (n, K), of the directions of the points."""
        concentrations, at_mode = _at_mode(parameters)
        return np.asarray(at_mode - concentrations * _gaps(_unit(points), parameters))

    def statistics(self, points: Array, plan: Array, parameters: Parameters) -> Array:
        """Return (mass, sums of x, sum of gaps) about the directions, shape (K, d + 2)."""
        unit = _unit(points)
        gaps = np.sum(plan * _gaps(unit, parameters), axis=0)
        return np.hstack([plan.sum(axis=0)[:, None], plan.T @ unit, gaps[:, None]])

    def m_step(self, statistics: Array, parameters: Parameters) -> Parameters:
        """Return the weighted mean directions and the concentrations that match their lengths.

        A component of identical points has the concentration +inf, which is not regular; one
        whose mean vanishes keeps its direction.
        """
        old = parameters["directions"]
        some = occupied(statistics)
        average = statistics[:, 1:] / np.where(some, statistics[:, 0], 1.0)[:, None]
        move = average[:, :-1] - old
        length = np.linalg.norm(average[:, :-1], axis=1)
        # 1 - length^2 as a variance about the old direction, which keeps the digits of small ones.
        spread = 2.0 * average[:, -1] - np.einsum("kd,kd->k", move, move)
        complement = np.where(length > 0.5, spread / (1.0 + length), 1.0 - length)
        concentrations = inverse_ratio(_order(old.shape[1]), length, complement)
        turned = some & (length > 0.0)
        directions = average[:, :-1] / np.where(turned, length, 1.0)[:, None]
        return {
            "directions": np.where(turned[:, None], directions, old),
            "concentrations": np.where(some, concentrations, parameters["concentrations"]),
        }

    def divergence(self, new: Parameters, old: Parameters) -> Array:
        """Return KL(p_new,k | p_old,k): what the directions differ by, then the concentrations."""
        order = _order(new["directions"].shape[1])
        chord = new["directions"] - old["directions"]
        length = ratio(order, new["concentrations"])[0]
        turned = 0.5 * old["concentrations"] * length * np.einsum("kd,kd->k", chord, chord)
        return np.asarray(
            turned + log_scaled_divergence(order, new["concentrations"], old["concentrations"])
        )

    def regular(self, parameters: Parameters, reference: Parameters) -> Mask:
        """Say which concentrations are below a large multiple of the reference's."""
        limit = _COLLAPSED * np.maximum(reference["concentrations"], 1.0)
        finite = np.isfinite(parameters["directions"]).all(axis=1)
        with np.errstate(invalid="ignore"):
            concentrations = parameters["concentrations"]
            proper = (concentrations >= 0.0) & (concentrations < limit)
        return np.asarray(finite & proper)

    def sample(self, parameters: Parameters, labels: Array, rng: np.random.Generator) -> Array:
        """Draw one unit vector for each label [Wood 1994, Comm. Stat. B 23, 157-164]."""
        index = np.asarray(labels, dtype=np.intp)
        directions = parameters["directions"][index]
        gaps = _draw_gaps(parameters["concentrations"][index], directions.shape[1], rng)
        noise = rng.standard_normal(directions.shape)
        noise -= np.sum(noise * directions, axis=1, keepdims=True) * directions
        tangents = noise / np.linalg.norm(noise, axis=1, keepdims=True)
        sines = np.sqrt(gaps * (2.0 - gaps))
        return _unit((1.0 - gaps)[:, None] * directions + sines[:, None] * tangents)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """One direction (d - 1) and one concentration a component."""
        return n_components * n_features

    def linear_form(self, reference: Parameters) -> "DirectionForm":
        """Return the linear form."""
        return DirectionForm(reference["directions"].shape[1])


class DirectionForm(RowsForm):
    """Features (1, x) of directions x, for the components that are not sharp."""

    __slots__ = ()

    def to_frame(self, points: Array) -> Array:
        """Map points (m, d) to directions (d, m)."""
        return np.ascontiguousarray(_unit(points).T)

    def coefficients(self, parameters: Parameters, moments: Moments) -> Coefficients:
        """Return the coefficients; raises SingularComponentError like the density."""
        del moments
        concentrations, peak = _at_mode(parameters)
        linear = concentrations[:, None] * parameters["directions"]
        return assembled(peak - concentrations, linear, concentrations <= _SHARP, peak)

    def statistics(self, sums: Array, parameters: Parameters, moments: Moments) -> Array:
        """Return (mass, sums of x, sum of gaps) about the directions."""
        del moments
        along = np.einsum("kd,kd->k", sums[:, 1:], parameters["directions"])
        return np.column_stack([sums, sums[:, 0] - along])


def make(variant: str) -> VonMisesFisher:
    """Build the von Mises-Fisher family; it has neither variants nor options."""
    del variant
    return VonMisesFisher()


def _at_mode(parameters: Parameters) -> tuple[Array, Array]:
    """Return the concentrations and the log-densities at the directions, both (K,)."""
    concentrations = parameters["concentrations"]
    if not (np.isfinite(concentrations).all() and (concentrations >= 0.0).all()):
        raise SingularComponentError("a concentration is not finite and >= 0")
    n_features = parameters["directions"].shape[1]
    log_area = np.log(2.0) + 0.5 * n_features * np.log(np.pi) - gammaln(0.5 * n_features)
    return concentrations, -log_area - log_scaled(_order(n_features), concentrations)


def _order(n_features: int) -> float:
    return 0.5 * n_features - 1.0


def _unit(points: Array) -> Array:
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True))


def _gaps(unit: Array, parameters: Parameters) -> Array:
    """Return 1 - <mu_k, x_i>, shape (n, K)."""
    directions = parameters["directions"]
    gaps = 1.0 - unit @ directions.T
    for k in np.flatnonzero(parameters["concentrations"] > _SHARP):
        chords = unit - directions[k]
        gaps[:, k] = 0.5 * np.sum(chords**2, axis=1)
    return np.asarray(gaps)


def _draw_gaps(concentrations: Array, n_features: int, rng: np.random.Generator) -> Array:
    """Draw 1 - <mu, x> by rejection from a transformed beta law; two thirds are accepted."""
    m = n_features - 1.0
    b = m / (2.0 * concentrations + np.hypot(2.0 * concentrations, m))
    # 1 - x0 for the centre x0 = (1 - b) / (1 + b) of the proposals.
    edge = 2.0 * b / (1.0 + b)
    gaps = np.empty_like(concentrations)
    waiting = np.arange(concentrations.size)
    while waiting.size:
        kappa, near, slim = concentrations[waiting], edge[waiting], b[waiting]
        z = rng.beta(0.5 * m, 0.5 * m, waiting.size)
        drawn = 2.0 * slim * z / (1.0 - (1.0 - slim) * z)
        log_envelope = np.log((near + (1.0 - near) * drawn) / (near * (2.0 - near)))
        excess = kappa * (near - drawn) + m * log_envelope
        accepted = excess >= np.log1p(-rng.random(waiting.size))
        gaps[waiting[accepted]] = drawn[accepted]
        waiting = waiting[~accepted]
    return gaps
