"""Linear forms whose features are numbers that each row brings along: (1, rows of the frame).

What exponential families of plain statistics share. A common factor h(x) is a last feature with the
coefficient 1, so that components which need their densities may stand beside others that do not.
Log-probabilities are bounded by 0, which bounds <phi, c_k>, too.
"""

from dataclasses import dataclass

import numpy as np

from mixot.families.linear import Coefficients, Moments, Writer
from mixot.types import Array, Mask, Parameters

# Round-off of a form is about this unit times the positive terms of a log-density, which are what
# its negative ones cancel; beyond the bound a component is evaluated by its density instead.
_UNIT = 2.0**-53
_BOUND = 1e-12


@dataclass(frozen=True, slots=True)
class RowsForm:
    """What the forms with d columns have in common; each adds its `coefficients`."""

    n_columns: int

    @property
    def n_features(self) -> int:
        """Number of features: 1, then the columns."""
        return 1 + self.n_columns

    @property
    def n_rows(self) -> int:
        """Rows of a feature buffer: no scratch."""
        return self.n_features

    def to_frame(self, points: Array) -> Array:
        """Map points (m, d) to (d, m)."""
        return np.ascontiguousarray(points.T)

    def writer(self, out: Array) -> Writer:
        """Return the function that writes (1, rows of the frame) into out (n_rows, m)."""
        out[0] = 1.0
        rest = out[1:]

        def write(framed: Array) -> None:
            rest[:] = framed

        return write

    def moments(self, framed: Array, sample_weight: Array) -> Moments:
        """Return no moments: there is no base term."""
        del framed, sample_weight
        return Moments(np.zeros(1), 0.0)

    def statistics(self, sums: Array, parameters: Parameters, moments: Moments) -> Array:
        """Return the sums, which are the statistics."""
        del parameters, moments
        return sums


def keeps_digits(positive: Array) -> Mask:
    """Say where the positive terms of a log-density are small enough not to cost digits."""
    return np.asarray(positive * _UNIT <= _BOUND)


def assembled(constants: Array, linear: Array, accurate: Mask, peak: Array | None) -> Coefficients:
    """Return coefficients (constant, linear) without a base; those that are not accurate are 0.

    constants: (K,); linear: (K, p - 1), whose infinities may stand where it is not accurate.
    """
    values = np.column_stack([constants, linear])
    values[~accurate] = 0.0
    return Coefficients(values, 0.0, accurate, peak)
