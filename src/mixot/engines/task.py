"""One pass over the data as a value: what to evaluate, and the additive sums that come back."""

from dataclasses import dataclass, field, fields

from mixot.engines.rules import RowRule
from mixot.families.base import Family
from mixot.families.linear import Coefficients, LinearForm
from mixot.types import Array, Parameters


@dataclass(frozen=True, slots=True)
class Density:
    """Component densities at one temperature, in the form in which blocks evaluate them.

    kept: log-densities of blocks by their first row, for engines that keep them between passes.
    """

    family: Family
    parameters: Parameters
    temperature: float
    form: LinearForm | None = None
    coefficients: Coefficients | None = None
    kept: dict[int, Array] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Task:
    """A pass: rows by `rule` at `tilt` (K,), and which sums are wanted beyond value and marginal.

    earlier: an earlier density and tilt, to measure the divergence of its plan from this one.
    """

    density: Density
    tilt: Array
    rule: RowRule
    hessian: bool = False
    statistics: bool = False
    entropy: bool = False
    earlier: tuple[Density, Array] | None = None


@dataclass(frozen=True, slots=True)
class Sums:
    """Additive results of a pass over some rows.

    value: sum a_i l_i (without the base term); marginal: (K,); row_error: sum a_i |1 - sum_k r_ik|;
    entropy: sum a_i H(r_i); hessian: (K, K); features: (K, p) and statistics: (K, q), the feature
    sums of the linear form and the statistics of the components outside it; plan_kl and
    cost_change: KL(P_old | P) and <C_old - C, P_old> / T against the earlier plan.
    """

    value: float
    marginal: Array
    row_error: float = 0.0
    entropy: float = 0.0
    hessian: Array | None = None
    features: Array | None = None
    statistics: Array | None = None
    plan_kl: float = 0.0
    cost_change: float = 0.0

    def __add__(self, other: "Sums") -> "Sums":
        """Add field by field; a part that was not asked for is None on both sides."""
        added = {}
        for name in _FIELDS:
            one, two = getattr(self, name), getattr(other, name)
            added[name] = one if two is None else two if one is None else one + two
        return Sums(**added)


_FIELDS = tuple(item.name for item in fields(Sums))


def kind(task: Task) -> object:
    """Return what decides about the cost of a pass besides the sizes of the problem."""
    return task.statistics, task.hessian, task.earlier is None
