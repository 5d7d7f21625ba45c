"""The two matrix products of a block, cut into sizes at which they run at full speed.

OpenBLAS has kernels for small matrices that read their operands where they are, and copies those of
larger products into an order of its own first. With few components on one side the copying costs as
much as the product: from coefficients to kernels (sums over the features) the small ones serve up
to a hundred cubed multiplications, from plans to feature sums (sums over the rows of the block,
which lie along both operands) as long as the result has no more than 1,200 entries. Between the two
sizes of a cut product and a whole one lies a factor of two on a machine with AVX-512, and nothing
where the library knows no small matrices.
"""

from dataclasses import dataclass

import numpy as np

from mixot.types import Array

_MULTIPLICATIONS = 10**6
_ENTRIES = 1200
# Pieces narrower than these lose more by the calls than they gain; a whole product is better then.
_FEWEST_ROWS, _FEWEST_FEATURES = 64, 24
# Pieces begin at multiples of a cache line, in doubles.
_LINE = 8


@dataclass(frozen=True, slots=True)
class Products:
    """Products for K components, p features and blocks of m rows.

    rows: the pieces of a block from coefficients to kernels; features: those of the features from
    plans to sums.
    """

    rows: tuple[slice, ...]
    features: tuple[slice, ...]

    def forward(self, values: Array, phi: Array, out: Array) -> Array:
        """Return values (K, p) times phi (p, m) in `out` (K, m)."""
        if len(self.rows) == 1:
            return np.matmul(values, phi, out=out)
        for rows in self.rows:
            np.matmul(values, phi[:, rows], out=out[:, rows])
        return out

    def backward(self, plan: Array, phi: Array, out: Array) -> Array:
        """Return plan (K, m) times the transpose of phi (p, m) in `out` (K, p)."""
        if len(self.features) == 1:
            return np.matmul(plan, phi.T, out=out)
        for features in self.features:
            np.matmul(plan, phi[features].T, out=out[:, features])
        return out


def products(n_components: int, n_features: int, m: int) -> Products:
    """Cut the products of blocks of m rows."""
    fitting = _MULTIPLICATIONS // (n_components * n_features)
    return Products(
        _pieces(m, fitting, _FEWEST_ROWS, _LINE),
        _pieces(n_features, _ENTRIES // n_components, _FEWEST_FEATURES, 1),
    )


def _pieces(size: int, most: int, fewest: int, multiple: int) -> tuple[slice, ...]:
    """Cut a range into pieces of about one length, at most `most`; whole if they got too short."""
    if most >= size or most < fewest:
        return (slice(0, size),)
    number = -(-size // most)
    length = -(-size // number // multiple) * multiple
    return tuple(slice(begin, min(begin + length, size)) for begin in range(0, size, length))
