"""What a transport problem is asked for, checked: marginals, temperature, relaxation."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from mixot.errors import InputError
from mixot.types import Array, Mask

Relaxation = Literal["balanced", "semirelaxed", "unbalanced"]


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """A checked request.

    b: (K,) on the simplex; tau: 0, finite or inf; g_init: (K,) or None; max_iter: sweeps.
    """

    b: Array
    epsilon: float
    tau: float
    tol: float
    max_iter: int
    g_init: Array | None

    @property
    def kept(self) -> Mask:
        """The columns (K,) with weight."""
        return np.asarray(self.b > 0.0)


def checked(
    b: Array | None,
    n_components: int,
    epsilon: float,
    relaxation: str,
    tau: float | None,
    tol: float,
    max_iter: int,
    g_init: Array | None,
) -> Request:
    """Check a request; raises InputError for one that makes no sense."""
    if not (np.isfinite(epsilon) and epsilon > 0.0):
        raise InputError(f"epsilon must be a finite number > 0, got {epsilon}")
    weights = simplex(b, n_components, "b")
    penalty = _penalty(relaxation, tau)
    if g_init is not None and penalty != 0.0:
        g_init = np.asarray(g_init, dtype=np.float64)
        if g_init.shape != weights.shape or not np.isfinite(g_init).all():
            raise InputError(
                f"g_init must be finite and of shape {weights.shape}, got {g_init.shape}"
            )
    return Request(weights, float(epsilon), penalty, tol, max_iter, g_init)


def simplex(vector: Array | None, size: int, name: str) -> Array:
    """Return a vector (size,) that sums to 1, uniform if there is none."""
    if vector is None:
        return np.full(size, 1.0 / size)
    values = np.asarray(vector, dtype=np.float64)
    if values.shape != (size,):
        raise InputError(f"{name} must have shape ({size},), got {values.shape}")
    if not (np.isfinite(values).all() and (values >= 0.0).all()):
        raise InputError(f"{name} must be finite and >= 0")
    total = float(values.sum())
    if abs(total - 1.0) > 1e-9:
        raise InputError(f"{name} must sum to 1, got {total:.15g}")
    return values / total


def _penalty(relaxation: str, tau: float | None) -> float:
    """Return the penalty of the column marginal: 0, finite, or inf where it is fixed."""
    if relaxation not in get_args(Relaxation):
        raise InputError(
            f"relaxation must be balanced, semirelaxed or unbalanced, got {relaxation!r}"
        )
    if (relaxation == "unbalanced") != (tau is not None):
        raise InputError("tau belongs to the relaxation 'unbalanced', which needs it")
    if tau is None:
        return np.inf if relaxation == "balanced" else 0.0
    if not (np.isfinite(tau) and tau > 0.0):
        raise InputError(
            f"tau must be a finite number > 0, got {tau}; its limits are semirelaxed and balanced"
        )
    return float(tau)
