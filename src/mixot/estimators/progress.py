"""Scikit-learn's stopping rule, told the objectives F_0, F_1, ... of a descent.

Its iteration N evaluates the mixture before the N-th M-step: its lower bound is B_N = -F_{N-1}, and
it stops after the M-step if |B_N - B_{N-1}| < tol. B_0 is -inf, or the last bound of the fit that a
warm start resumes. Initial weights that do not sum to 1 put the log of their sum into B_1.
"""

from collections.abc import Callable, Sequence

from mixot.fitting import Certificate
from mixot.types import Array


class Progress:
    """One fit as scikit-learn would report it.

    tol: bound of the last change, in nats a sample; before: B_0; surplus: log of the sum of the
    initial weights; report: called with (N, B_N - B_{N-1}) after every iteration.
    """

    def __init__(
        self, tol: float, before: float, surplus: float, report: Callable[[int, float], None]
    ) -> None:
        self._tol = tol
        self._before = before
        self._surplus = surplus
        self._report = report
        self.lower_bounds: list[float] = []

    @property
    def lower_bound(self) -> float:
        """The last bound, B_N; B_0 before the first iteration."""
        return self.lower_bounds[-1] if self.lower_bounds else self._before

    def stop(self, objectives: Sequence[float], certificate: Certificate) -> bool:
        """Say whether scikit-learn would stop after the M-step that has just been taken."""
        del certificate
        previous = self.lower_bound
        self._append(objectives[-2])
        change = self.lower_bound - previous
        self._report(len(self.lower_bounds), change)
        return abs(change) < self._tol

    def finish(self, objectives: Array) -> None:
        """Complete the bounds if the descent failed in a step whose bound was not reported."""
        if not self.lower_bounds:
            self._append(float(objectives[0]))

    def _append(self, objective: float) -> None:
        self.lower_bounds.append(-float(objective) + (0.0 if self.lower_bounds else self._surplus))
