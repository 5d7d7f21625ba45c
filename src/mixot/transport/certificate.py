"""Upper bounds from an admissible plan near a solution of the semi-dual.

Rows are exact, so that only the columns must be moved: by d = b - marginal. With H x = d the plan

    Q_ik = P_ik (1 + x_k - <r_i, x>)

has both marginals, lives where P does, and is a plan while no factor is negative. Since
(1 + y) log(1 + y) <= y + y^2, its objective exceeds the dual value at most by

    epsilon sum_ik P_ik (x_k - <r_i, x>)^2 = epsilon <x, H x> = epsilon <x, d>:

Newton's decrement is a certificate, it costs no sweep, and forbidden pairs stay forbidden. A
Hessian G from another tilt will do: over a difference of range D no product r_k r_l changes by more
than a factor e^2D, H is a sum of (e_k - e_l)(e_k - e_l)' with these products as weights, and so

    <d, H^+ d> <= e^2D <d, G^+ d>,    |x_k - x_l|^2 <= e^4D <d, G^+ d> (e_k - e_l)' G^+ (e_k - e_l).

Far from the solution the plan is rounded as in `mixot.transport.duality` instead.
"""

import numpy as np

from mixot.transport.columns import Columns
from mixot.transport.newton import Outer, newton_step

# An L1 distance of marginals below this is their rounding.
_ROUNDING = 1e-12
# Exponents are cut here.
_FAR = 100.0


def excess(columns: Columns, outer: Outer, drift: float = 0.0) -> float:
    """Return <x, d> or more for a balanced problem, NaN if no admissible plan is that near.

    drift: D, if the Hessian is that of another tilt.
    """
    assert columns.hessian is not None
    missing = outer.slope - columns.marginal
    move = newton_step(columns, outer)
    residual = float(np.abs(columns.hessian @ move - missing).sum())
    distance = float(np.abs(missing).sum())
    energy = max(float(move @ missing), 0.0) + residual * float(np.ptp(move))
    widest = float(np.ptp(move))
    if drift > 0.0:
        energy *= float(np.exp(min(2.0 * drift, _FAR)))
        widest = np.sqrt(np.exp(min(2.0 * drift, _FAR)) * energy * _resistance(columns, outer))
    # On the boundary of what is feasible the last bits of mass would have to move at infinity.
    reach = 1.0 if distance > _ROUNDING else 2.0
    if not (widest <= reach and residual <= max(_ROUNDING, 1e-3 * distance)):
        return float("nan")
    return energy


def _resistance(columns: Columns, outer: Outer) -> float:
    """Return an upper bound of (e_k - e_l)' H^+ (e_k - e_l) over all pairs, inf if none is known.

    Adding b b' to H changes none of these, and they are at most four times the largest entry on the
    inverse's diagonal.
    """
    assert columns.hessian is not None
    scale = 1.0 / np.sqrt(outer.slope)
    system = (columns.hessian + np.outer(outer.slope, outer.slope)) * (scale[:, None] * scale)
    try:
        inverse = np.linalg.inv(system)
    except np.linalg.LinAlgError:
        return np.inf
    largest = float(np.max(np.diagonal(inverse) * scale * scale))
    return 4.0 * largest if largest > 0.0 else np.inf
