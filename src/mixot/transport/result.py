"""What a solved transport problem is, with its plan on demand."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from mixot.engines.rules import soft
from mixot.transport.dense import Offsets, block_rows
from mixot.types import Array, Status


@dataclass(frozen=True, eq=False)
class Recipe:
    """What the plan is made of: cost (n, K), a (n,), b (K,), and a tilt of the columns with b > 0.

    tau: the penalty of the column marginal, 0 if it is free and inf if it is fixed.
    """

    cost: Array
    sample_weight: Array
    weights: Array
    tau: float
    offsets: Offsets
    tilt: Array

    def plan(self) -> Array:
        """Return the plan, (n, K)."""
        plan = np.zeros(self.cost.shape)
        kept = self.offsets.kept
        for rows in block_rows(self.cost.shape[0], self.tilt.size):
            block = self.tilt[:, None] - self.offsets.block(self.cost, rows)
            shares = soft(block)[1]
            shares *= self.sample_weight[rows]
            if kept.all():
                plan[rows] = shares.T
            else:
                plan[rows, kept] = shares.T
        return plan


@dataclass(frozen=True, eq=False)
class TransportResult:
    """A solved transport problem.

    value: <C, P> + epsilon KL(P | a x b), and tau KL(P'1 | b) if that is penalised, +inf if
    there is no plan; value_linear: <C, P>; potentials: f (n,) and g (K,), with
    plan = a b exp((f + g - C) / epsilon); marginals: the plan's; status and message: how it ended;
    dual_value: a lower bound of the value; gap: an upper bound, from a plan that meets the
    constraints, minus dual_value; marginal_error: L1 distance of the column marginal from the
    wanted one; n_sweeps: passes over the costs. plan: (n, K), made when it is first asked for.
    """

    value: float
    value_linear: float
    potentials: tuple[Array, Array]
    marginals: tuple[Array, Array]
    status: Status
    message: str
    dual_value: float
    gap: float
    marginal_error: float
    n_sweeps: int
    converged: bool
    recipe: Recipe = field(repr=False)

    @cached_property
    def plan(self) -> Array:
        """The plan, (n, K)."""
        return self.recipe.plan()
