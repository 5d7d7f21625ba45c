"""Upper bounds from an admissible plan near a solution of the semi-dual.

Rows are exact, so that only the columns must be moved: by d = b - marginal. With H x = d the plan

    Q_ik = P_ik (1 + x_k - <r_i, x>)

has both marginals, lives where P does, and is a plan while no factor is negative. Since
(1 + y) log(1 + y) <= y + y^2, its objective exceeds the dual value at most by

    epsilon sum_ik P_ik (x_k - <r_i, x>)^2 = epsilon <x, H x> = epsilon <x, d>:

Newton's decrement is a certificate, it costs no sweep, and forbidden pairs stay forbidden. Far from
the solution the plan is rounded as in `mixot.transport.duality` instead.
"""

import numpy as np

from mixot.transport.columns import Columns
from mixot.transport.newton import Outer, newton_step

# An L1 distance of marginals below this is their rounding.
_ROUNDING = 1e-12


def excess(columns: Columns, outer: Outer) -> float:
    """Return <x, d> for a balanced problem, NaN if no admissible plan is that near."""
    assert columns.hessian is not None
    missing = outer.slope - columns.marginal
    move = newton_step(columns, outer)
    residual = float(np.abs(columns.hessian @ move - missing).sum())
    distance = float(np.abs(missing).sum())
    # On the boundary of what is feasible the last bits of mass would have to move at infinity.
    reach = 1.0 if distance > _ROUNDING else 2.0
    if not (np.ptp(move) <= reach and residual <= max(_ROUNDING, 1e-3 * distance)):
        return float("nan")
    return max(float(move @ missing), 0.0) + residual * float(np.ptp(move))
