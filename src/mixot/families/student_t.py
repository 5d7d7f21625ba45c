"""Multivariate Student t: a Gaussian whose covariance S / u has a random scale u.

With u ~ gamma(v/2, v/2) and delta_k(x) = (x - mu_k)' S_k^-1 (x - mu_k),

    log p_k(x) = log Gamma((v+d)/2) - log Gamma(v/2) - (d/2) log(v pi) - (1/2) log det S_k
                 - ((v+d)/2) log(1 + delta_k / v).

`covariances` are the matrices S; the covariance of the law is v / (v - 2) S, if it has one. EM
completes the data with u as well [Peel & McLachlan 2000]: given x, E u = w = (v+d) / (v+delta),
and the M-step is the Gaussian one under the plan times w. The degrees of freedom appear in another
term of the expected complete-data log-likelihood, so that their root find is part of the same exact
maximisation: the objective falls at every step, and each step is one of EM proper, not of ECM.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from mixot.errors import InputError
from mixot.families import covariances as matrices
from mixot.families.averages import occupied
from mixot.families.base import Domain
from mixot.families.gamma_functions import gap, inverse_gap, log_ratio, shape_divergence
from mixot.families.gaussian import Gaussian
from mixot.families.increments import log_loss
from mixot.types import Array, Mask, Parameters, Sample

VARIANTS = ("full", "tied", "diag", "spherical")
_LOG_2PI = float(np.log(2.0 * np.pi))
# Where the estimate of the degrees of freedom begins; a Gaussian is as good as infinity.
_START = 10.0


@dataclass(frozen=True, slots=True)
class StudentT:
    """Student t with `means`, `covariances` (scale matrices) and known or estimated df.

    covariance_type: full, tied, diag or spherical; df: the known degrees of freedom of all
    components, or "estimate" for one number a component in `degrees_of_freedom` (K,); floor: the
    least that a scale matrix may be in any direction, in squared units of the points.
    """

    covariance_type: str = "full"
    df: float | Literal["estimate"] = 4.0
    floor: float = 0.0
    latent: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse a df that is neither a number > 0 nor "estimate", and a floor that is no size."""
        if self.covariance_type not in VARIANTS:
            raise InputError(
                f"unknown covariance type {self.covariance_type!r}; allowed: {', '.join(VARIANTS)}"
            )
        matrices.check_size("floor", self.floor)
        number = isinstance(self.df, int | float) and not isinstance(self.df, bool)
        if self.df != "estimate" and not (number and 0.0 < float(self.df) < np.inf):
            raise InputError(
                f"the option df must be a finite number > 0 or 'estimate', got {self.df!r}"
            )

    @property
    def name(self) -> str:
        """Name in the registry."""
        return f"student_t-{self.covariance_type}"

    @property
    def shared(self) -> frozenset[str]:
        """The tied covariance has no component axis."""
        return self._gaussian.shared

    @property
    def domains(self) -> Mapping[str, Domain]:
        """Those of the Gaussian, and positive degrees of freedom where they are estimated."""
        if self.df != "estimate":
            return self._gaussian.domains
        return {**self._gaussian.domains, "degrees_of_freedom": Domain("positive")}

    def check(self, sample: Sample, n_components: int) -> None:
        """Raise InputError for too few observations, or data that force a singular covariance.

        Already the weights of the first M-step divide by the covariance of the whole sample.
        """
        self._gaussian.check(sample, n_components)
        whole = self._gaussian.initial(sample, 1)
        if not self._gaussian.regular(whole, whole).all():
            raise InputError(
                "points: a column is a combination of the others, or there are fewer rows than "
                "columns; use the diagonal or spherical type, or give a floor"
            )

    def initial(self, sample: Sample, n_components: int) -> Parameters:
        """Give every component the sample's mean and covariance: its scale, not yet a fit."""
        moments = self._gaussian.initial(sample, n_components)
        if self.df != "estimate":
            return moments
        return {**moments, "degrees_of_freedom": np.full(n_components, _START)}

    def log_density(self, points: Array, parameters: Parameters) -> Array:
        """Return log p_k(x_i), shape (n, K)."""
        n_features = points.shape[1]
        df = self._df(parameters)
        squares, log_det = self._squares(points, parameters)
        constants = log_ratio(0.5 * df, 0.5 * n_features) - 0.5 * n_features * _LOG_2PI + log_det
        return np.asarray(constants - 0.5 * (df + n_features) * np.log1p(squares / df))

    def statistics(self, points: Array, plan: Array, parameters: Parameters) -> Array:
        """Return the expected complete-data statistics at `parameters`, shape (K, p).

        Mass, sums of w - 1 - log w, then the Gaussian statistics under the plan times w.
        """
        n_features = points.shape[1]
        df = self._df(parameters)
        squares, _ = self._squares(points, parameters)
        scales = (df + n_features) / (df + squares)
        losses = np.sum(plan * log_loss((n_features - squares) / (df + squares), scales), axis=0)
        scaled = self._gaussian.statistics(points, plan * scales, parameters)
        return np.hstack([plan.sum(axis=0)[:, None], losses[:, None], scaled])

    def m_step(self, statistics: Array, parameters: Parameters) -> Parameters:
        """Maximise the expected complete-data log-likelihood; without mass nothing moves."""
        means, covariances = parameters["means"], parameters["covariances"]
        n_features = means.shape[1]
        mass, scale_mass = statistics[:, 0], statistics[:, 2]
        some = occupied(statistics) & (scale_mass > np.finfo(float).tiny)
        safe = np.where(some, scale_mass, 1.0)
        first = statistics[:, 3 : 3 + n_features]
        shift = np.where(some[:, None], first / safe[:, None], 0.0)
        # The scatter is divided by the mass, not by that of the scales, and so is what the move
        # of the means takes out of it.
        share = np.sqrt(np.where(some, scale_mass / np.where(some, mass, 1.0), 0.0))
        estimate = matrices.maximise(
            statistics[:, 3 + n_features :],
            mass,
            shift * share[:, None],
            covariances,
            self.covariance_type,
            self.floor,
        )
        moved = {"means": means + shift, "covariances": estimate}
        if self.df != "estimate":
            return moved
        df = parameters["degrees_of_freedom"]
        loss = statistics[:, 1] / np.where(some, mass, 1.0) + gap(0.5 * (df + n_features))
        return {**moved, "degrees_of_freedom": np.where(some, 2.0 * inverse_gap(loss), df)}

    def divergence(self, new: Parameters, old: Parameters) -> Array:
        """Return KL(p_new,k(x, u) | p_old,k(x, u)), an upper bound of that of the points alone."""
        gaussian = self._gaussian.divergence(new, old)
        if self.df != "estimate":
            return gaussian
        shapes = 0.5 * new["degrees_of_freedom"], 0.5 * old["degrees_of_freedom"]
        return gaussian + shape_divergence(*shapes)

    def regular(self, parameters: Parameters, reference: Parameters) -> Mask:
        """Say which matrices exceed a tiny fraction of the reference's and have a finite df."""
        df = self._df(parameters)
        proper = np.isfinite(df) & (df > 0.0)
        return np.asarray(self._gaussian.regular(parameters, reference) & proper)

    def at_floor(self, parameters: Parameters) -> Mask:
        """Say of which components the floor binds the scale matrix, (K,)."""
        return self._gaussian.at_floor(parameters)

    def remarks(self, parameters: Parameters) -> str:
        """Say in a sentence where the floor is active; nothing if nowhere."""
        return self._gaussian.remarks(parameters)

    def sample(self, parameters: Parameters, labels: Array, rng: np.random.Generator) -> Array:
        """Draw one point for each label."""
        index = np.asarray(labels, dtype=np.intp)
        means = parameters["means"]
        centred = {"means": np.zeros_like(means), "covariances": parameters["covariances"]}
        noise = self._gaussian.sample(centred, labels, rng)
        df = np.broadcast_to(self._df(parameters), (means.shape[0],))[index]
        scales = rng.gamma(0.5 * df, 2.0 / df)
        return np.asarray(means[index] + noise / np.sqrt(scales)[:, None])

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Count means, free entries of the covariances, and estimated degrees of freedom."""
        estimated = n_components if self.df == "estimate" else 0
        return self._gaussian.n_parameters(n_components, n_features) + estimated

    @property
    def _gaussian(self) -> Gaussian:
        return Gaussian(self.covariance_type, floor=self.floor)

    def _df(self, parameters: Mapping[str, Array]) -> Array:
        """Return the degrees of freedom, shape (K,) or (1,)."""
        if self.df == "estimate":
            return parameters["degrees_of_freedom"]
        return np.array([self.df])

    def _squares(self, points: Array, parameters: Parameters) -> tuple[Array, Array]:
        """Return delta_k(x_i), shape (n, K), and -1/2 log det S_k, shape (K or 1,)."""
        expanded = matrices.expand(parameters["covariances"], self.covariance_type, points.shape[1])
        scale, log_det = matrices.whitener(expanded)
        white = matrices.whiten(points[None] - parameters["means"][:, None, :], scale)
        return np.einsum("knd,knd->nk", white, white), log_det


def make(variant: str, df: float | Literal["estimate"] = 4.0, floor: float = 0.0) -> StudentT:
    """Build a Student family; the options are described there."""
    return StudentT(variant, df, floor)
