"""The linear forms of the Gaussians.

In the frame z = R (x - m) the quadratic form of component k is z'Q z - 2 z'Q mu + mu'Q mu. Its
features are (1, z, z_i z_j for every pair once) for full covariances, (1, z, z_i^2) for diagonal
and (1, z, |z|^2) for spherical ones. Where all components share one matrix the quadratic term is a
base term and (1, z) is enough: its mean is the trace of Q against the sample's second moment, and
the tied M-step needs no other second moment either.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mixot.families import covariances as shapes
from mixot.families.linear import Coefficients, Moments, Writer
from mixot.types import Array, Parameters

_LOG_2PI = float(np.log(2.0 * np.pi))
# Round-off of the form is about this unit times |Q| |z|^2; beyond the bound a component is
# evaluated by its Cholesky factor instead.
_UNIT = 2.0**-53
_BOUND = 1e-11


@dataclass(frozen=True, slots=True)
class GaussianForm:
    """Linear form for one covariance type in the frame (mean (d,), scale (d, d) or (d,)).

    back: the inverse of the scale; known: the fixed covariance of the type "known", expanded.
    """

    covariance_type: str
    mean: Array
    scale: Array
    back: Array
    known: Array | None

    @property
    def n_features(self) -> int:
        """Number of features."""
        d = self.mean.size
        quadratic = {"full": d * (d + 1) // 2, "diag": d, "spherical": 1}
        return 1 + d + quadratic.get(self.covariance_type, 0)

    @property
    def n_rows(self) -> int:
        """Rows of a feature buffer: for full covariances, z is written once and a half more."""
        d = self.mean.size
        return self.n_features + (d + d // 2 if self.covariance_type == "full" else 0)

    def to_frame(self, points: Array) -> Array:
        """Map points (m, d) to (d, m)."""
        centred = (points - self.mean).T
        if self.scale.ndim == 1:
            return np.ascontiguousarray(centred * self.scale[:, None])
        return self.scale @ centred

    def writer(self, out: Array) -> Writer:
        """Return the function that writes (1, z, quadratic terms) into out (n_rows, m)."""
        d = self.mean.size
        out[0] = 1.0
        linear, quadratic = out[1 : 1 + d], out[1 + d : self.n_features]
        if self.covariance_type == "full":
            return _pairs_writer(out, d)

        def write(framed: Array) -> None:
            linear[:] = framed
            if self.covariance_type == "diag":
                np.multiply(framed, framed, out=quadratic)
            elif self.covariance_type == "spherical":
                np.einsum("im,im->m", framed, framed, out=quadratic[0])

        return write

    def moments(self, framed: Array, sample_weight: Array) -> Moments:
        """Return the second moments (flat) and the largest |z|^2."""
        squares = np.einsum("im,im->m", framed, framed)
        second = (framed * sample_weight) @ framed.T
        return Moments(second.ravel(), float(squares.max()))

    def coefficients(self, parameters: Parameters, moments: Moments) -> Coefficients:
        """Return the coefficients; raises SingularComponentError like the density."""
        means = self._vectors(parameters["means"] - self.mean)
        precision, log_det = self._precisions(parameters)
        linear = self._apply(precision, means)
        constant = log_det - 0.5 * np.einsum("kd,kd->k", linear, means)
        constant = constant - 0.5 * means.shape[1] * _LOG_2PI
        # Without the common quadratic term all components must be exact, or none may be: mixing the
        # two would add the base to some only.
        size = np.abs(precision).reshape(precision.shape[0], -1).max(axis=1)
        accurate = size * max(moments.radius, 1.0) * _UNIT <= _BOUND
        if accurate.size < means.shape[0]:
            accurate = np.repeat(accurate, means.shape[0])
        exact = bool(accurate.all())
        base, columns, bounded = 0.0, [constant[:, None], linear], True
        if self.covariance_type == "full":
            rows, others, factors = _pairs(means.shape[1])
            columns.append(precision[:, rows, others] * factors)
        elif self.covariance_type == "diag":
            columns.append(-0.5 * precision)
        elif self.covariance_type == "spherical":
            columns.append(-0.5 * precision[:, :1])
        elif exact:
            bounded = False
            second = _square(moments)
            if precision.ndim == 3:
                base = -0.5 * float(np.sum(precision[0] * second))
            else:
                base = -0.5 * float(precision[0] @ np.diagonal(second))
        peak = None
        if bounded:
            peak = np.resize(log_det - 0.5 * means.shape[1] * _LOG_2PI, means.shape[0])
        return Coefficients(np.concatenate(columns, axis=1), base, accurate, peak)

    def statistics(self, sums: Array, parameters: Parameters, moments: Moments) -> Array:
        """Return mass, first and second moments about the means, in the data's coordinates."""
        n_components, d = parameters["means"].shape
        centre = self._vectors(parameters["means"] - self.mean)
        mass = sums[:, :1]
        first = sums[:, 1 : 1 + d]
        shifted = first - mass * centre
        columns = [mass, self._back(shifted)]
        if self.covariance_type in ("full", "tied"):
            second = np.zeros((n_components, d, d))
            if self.covariance_type == "full":
                rows, others, _ = _pairs(d)
                second[:, rows, others] = sums[:, 1 + d :]
                second[:, others, rows] = sums[:, 1 + d :]
            else:
                # Only the sum over the components enters the tied covariance.
                second[0] = _square(moments)
            # first c' + c first' - mass c c', as the sum of a matrix and its transpose.
            cross = (first - (0.5 * mass) * centre)[:, :, None] * centre[:, None, :]
            second -= cross + np.swapaxes(cross, 1, 2)
            back = self.back if self.back.ndim == 2 else np.diag(self.back)
            columns.append((back @ second @ back.T).reshape(n_components, -1))
        elif self.covariance_type != "known":
            if self.covariance_type == "diag":
                second = sums[:, 1 + d :] - 2.0 * first * centre + mass * centre**2
            else:
                total = sums[:, 1 + d] - np.einsum("kd,kd->k", 2.0 * first - mass * centre, centre)
                second = np.repeat(total[:, None] / d, d, axis=1)
            columns.append(second * self.back**2)
        return np.concatenate(columns, axis=1)

    def _precisions(self, parameters: Parameters) -> tuple[Array, Array]:
        """Return Q (K or 1, d, d) or (K or 1, d) in the frame, and log det of the whitener."""
        d = self.mean.size
        if self.known is not None:
            expanded = self.known
        else:
            expanded = shapes.expand(parameters["covariances"], self.covariance_type, d)
        if expanded.ndim == 2 and self.scale.ndim == 1:
            white, log_det = shapes.whitener(expanded * self.scale**2)
            return white**2, log_det + np.log(self.scale).sum()
        if expanded.ndim == 2:
            expanded = expanded[:, :, None] * np.eye(d)
        scale = self.scale if self.scale.ndim == 2 else np.diag(self.scale)
        framed = scale @ expanded @ scale.T
        white, log_det = shapes.whitener(0.5 * (framed + np.swapaxes(framed, 1, 2)))
        log_scale = np.log(np.abs(np.diagonal(scale))).sum()
        return np.swapaxes(white, 1, 2) @ white, log_det + log_scale

    def _apply(self, precision: Array, vectors: Array) -> Array:
        if precision.ndim == 2:
            return precision * vectors
        return np.asarray((precision @ vectors[:, :, None])[:, :, 0])

    def _vectors(self, vectors: Array) -> Array:
        return vectors * self.scale if self.scale.ndim == 1 else vectors @ self.scale.T

    def _back(self, vectors: Array) -> Array:
        return vectors * self.back if self.back.ndim == 1 else vectors @ self.back.T


def _square(moments: Moments) -> Array:
    d = round(moments.sums.size**0.5)
    return moments.sums.reshape(d, d)


@cache
def _pairs(d: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Array]:
    """Return every pair (i, j) once, in the order of the features: by cyclic distance j - i.

    And with it the factor of its precision in the log-density.
    """
    distance, row = np.divmod(np.arange(d * (d + 1) // 2), d)
    return row, (row + distance) % d, np.where(distance == 0, -0.5, -1.0)


def _pairs_writer(out: Array, d: int) -> Writer:
    """Return the function that writes z (d, m) and all products z_i z_j into `out`.

    The products at one cyclic distance are those of z with itself rotated. With z written one and a
    half times below the features, all rotations are one strided view, and all products at the
    distances below d / 2 one call; for even d half a rotation is left.
    """
    m, n_features = out.shape[1], 1 + d + d * (d + 1) // 2
    quadratic, scratch = out[1 + d : n_features], out[n_features:]
    base = scratch[:d]
    # z among the features and z below them are one view, and one call.
    step = out.strides[0]
    twice = np.lib.stride_tricks.as_strided(
        out[1:], (2, d, m), ((n_features - 1) * step, step, out.strides[1])
    )
    whole = (d + 1) // 2
    row, column = scratch.strides
    rotated = np.lib.stride_tricks.as_strided(scratch, (whole, d, m), (row, row, column))
    products = quadratic[: whole * d].reshape(whole, d, m)
    halves = scratch[d // 2 : d], scratch[: d // 2], quadratic[whole * d :]

    def write(framed: Array) -> None:
        twice[:] = framed
        scratch[d:] = framed[: d // 2]
        np.multiply(rotated, base, out=products)
        if d % 2 == 0:
            np.multiply(halves[0], halves[1], out=halves[2])

    return write


def gaussian_form(
    covariance_type: str, mean: Array, covariance: Array | None, known: Array | None
) -> GaussianForm:
    """Build the form in the frame of a sample with this mean (d,) and expanded covariance."""
    expanded = known if known is not None else covariance
    assert expanded is not None
    scale = shapes.whitener(expanded)[0][0]
    back = 1.0 / scale if scale.ndim == 1 else np.linalg.inv(scale)
    return GaussianForm(covariance_type, mean, scale, back, known)
