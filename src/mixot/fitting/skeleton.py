"""A few atoms of which all others are combinations: an interpolative decomposition of likelihoods.

Likelihoods p_ik of atoms that overlap have a low numerical rank r, whatever n and K: columns J
exist with P ~ P_J T [Cheng, Gimbutas, Martinsson & Rokhlin 2005]. J and T come from a pivoted QR
factorisation of random combinations of some rows, so that of all rows no column outside J is ever
formed.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, solve_triangular

from mixot.streams import stream
from mixot.types import Array

# Columns that the others give to this fraction are left out.
_NEGLIGIBLE = 1e-11
_COMBINATIONS = 128
_SPARE = 16


def skeleton(log_density: Array) -> tuple[NDArray[np.intp], Array]:
    """Return J (r,) and T (r, K) for the log-densities (s, K) of some rows, each finite somewhere.

    Rows are compared by their shape: each is divided by its sum.
    """
    likelihood = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    likelihood /= likelihood.sum(axis=1, keepdims=True)
    n_rows, n_atoms = likelihood.shape
    n_combinations = _COMBINATIONS
    while True:
        sketch = likelihood
        if n_combinations < n_rows:
            rng = stream("weights", "skeleton", n_combinations)
            sketch = rng.standard_normal((n_combinations, n_rows)) @ likelihood
        upper, order = qr(sketch, mode="r", pivoting=True, check_finite=False)
        size = np.abs(np.diagonal(upper))
        rank = max(int(np.count_nonzero(size > _NEGLIGIBLE * size[0])), 1)
        if rank <= n_combinations - _SPARE or n_combinations >= min(n_rows, n_atoms + _SPARE):
            break
        n_combinations *= 2
    mixing = np.zeros((rank, n_atoms))
    mixing[np.arange(rank), order[:rank]] = 1.0
    mixing[:, order[rank:]] = solve_triangular(upper[:rank, :rank], upper[:rank, rank:])
    return np.asarray(order[:rank], dtype=np.intp), mixing
