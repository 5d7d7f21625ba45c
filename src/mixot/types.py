"""The nouns shared by every layer: a sample, a mixture, and how a computation ended.

Symbols used throughout the package (shapes in brackets):

    points          x_i      (n, d)   observations
    sample weights  a_i      (n,)     positive, sum to 1
    weights         pi_k     (K,)     mixture weights, sum to 1
    cost            C_ik     (n, K)   -log p_k(x_i), may be negative or +inf
    plan            P_ik     (n, K)   sums to 1; rows sum to a
    responsibilities r_ik    (n, K)   rows sum to 1; plan = a[:, None] * responsibilities
    potentials      f, g     (n,), (K,)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Parameters = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Sample:
    """Weighted observations.

    points: (n, d) float64; weights: (n,) positive and summing to 1; size: the number of
    observations that the weights stand for (n, or the sum of frequencies).
    """

    points: Array
    weights: Array
    size: float


@dataclass(frozen=True, slots=True)
class Mixture:
    """Weights (K,) and the component parameters of one family, by name."""

    weights: Array
    parameters: Parameters

    @property
    def n_components(self) -> int:
        """Number of components K."""
        return self.weights.shape[0]


class Status(StrEnum):
    """How a fit ended: numerical trouble is a value, never an exception."""

    CONVERGED = "converged"
    STOPPED = "stopped"
    MAX_ITER = "max_iter"
    NONFINITE = "nonfinite"
    EMPTY_COMPONENT = "empty_component"
    SINGULAR = "singular"
    COLLAPSED_IDENTICAL = "collapsed_identical"
    INFEASIBLE = "infeasible"
    ERROR = "error"

    @property
    def sentence(self) -> str:
        """Say what happened."""
        return _MEANING[self][0]

    @property
    def advice(self) -> str:
        """Say what to try."""
        return _MEANING[self][1]


_MEANING: dict[Status, tuple[str, str]] = {
    Status.CONVERGED: (
        "The projected distance to the limit is below the tolerance.",
        "Nothing to do; other starts may still lead to better optima.",
    ),
    Status.STOPPED: (
        "The stopping rule that was asked for held before the projected distance was small.",
        "Look at the certificate: if its distance is not good enough, tighten the rule.",
    ),
    Status.MAX_ITER: (
        "The iteration limit was reached before the projected distance to the limit was small.",
        "Raise max_iter, or loosen tol if the certificate's distance is good enough for you.",
    ),
    Status.NONFINITE: (
        "A non-finite objective or parameter appeared; the last finite mixture is returned.",
        "Check the scale of the data and of epsilon, or try another start.",
    ),
    Status.EMPTY_COMPONENT: (
        "At least one component has no mass left; its parameters were kept as they were.",
        "Use fewer components or another start.",
    ),
    Status.SINGULAR: (
        "A component collapsed (its covariance became singular, or its scale vanished); the last "
        "regular mixture is returned.",
        "Use a tied, diagonal or known covariance, fewer components, or another start.",
    ),
    Status.COLLAPSED_IDENTICAL: (
        "At least two components have become identical.",
        "Use fewer components, a smaller epsilon, or another start.",
    ),
    Status.INFEASIBLE: (
        "No plan satisfies the required marginals.",
        "Check the fixed weights against the observations that each component can explain.",
    ),
    Status.ERROR: (
        "An unexpected error stopped the run.",
        "Read the traceback that is kept with the run, and report it.",
    ),
}
