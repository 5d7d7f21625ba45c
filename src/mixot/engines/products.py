"""The two matrix products of a block, cut into sizes at which they run at full speed.

OpenBLAS has kernels for small matrices that read their operands where they are, and copies those of
larger products into an order of its own first. With few components on one side the copying costs as
much as the product. The small ones serve up to a hundred cubed multiplications, and from plans to
feature sums (sums over the rows of the block, which lie along both operands) results of no more
than 1,200 entries. Between the two sizes of a cut product and a whole one lies a factor of two on a
machine with AVX-512, and nothing where the library knows no small matrices.

The pieces of one length are a stack, which is one call of `matmul`: on threads each call more is
one more chance to wait for the interpreter's lock.
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

    row_piece: rows of a piece from coefficients to kernels; feature_piece: features of one from
    plans to sums; what is left over is a shorter piece.
    """

    row_piece: int
    feature_piece: int

    def forward(self, values: Array, phi: Array, out: Array) -> Array:
        """Return values (K, p) times phi (p, m) in `out` (K, m)."""
        piece, m = self.row_piece, phi.shape[1]
        stacked = m // piece * piece
        np.matmul(values, _stack(phi[:, :stacked], piece), out=_stack(out[:, :stacked], piece))
        if stacked < m:
            np.matmul(values, phi[:, stacked:], out=out[:, stacked:])
        return out

    def backward(self, plan: Array, phi: Array, out: Array) -> Array:
        """Return plan (K, m) times the transpose of phi (p, m) in `out` (K, p)."""
        piece, (p, m) = self.feature_piece, phi.shape
        stacked = p // piece * piece
        transposed = phi[:stacked].reshape(-1, piece, m).transpose(0, 2, 1)
        np.matmul(plan, transposed, out=_stack(out[:, :stacked], piece))
        if stacked < p:
            np.matmul(plan, phi[stacked:].T, out=out[:, stacked:])
        return out


def products(n_components: int, n_features: int, m: int) -> Products:
    """Cut the products of blocks of m rows."""
    rows = _MULTIPLICATIONS // (n_components * n_features)
    features = min(_MULTIPLICATIONS // (n_components * m), _ENTRIES // n_components)
    return Products(
        _piece(m, rows, _FEWEST_ROWS, _LINE),
        _piece(n_features, features, _FEWEST_FEATURES, 1),
    )


def _stack(matrix: Array, width: int) -> Array:
    """View a matrix (r, s * width) as a stack of its pieces (s, r, width)."""
    return matrix.reshape(len(matrix), -1, width).transpose(1, 0, 2)


def _piece(size: int, most: int, fewest: int, multiple: int) -> int:
    """Return the length of pieces of a range, at most `most`; all of it if they got too short."""
    if most >= size or most < fewest:
        return size
    number = -(-size // most)
    return -(-size // number // multiple) * multiple
