"""Where an accelerated fit has been: evaluated points, what they cost, and an honest certificate.

A sweep at a mixture gives its objective and the statistics of its plan, so that the plain map's
result G(x) comes with it: an extrapolation that is kept costs one sweep. It is kept if

    F(new) <= F(x) - [T KL(pi' | pi) + sum_k b_k KL(theta'_k | theta_k)],

the bracket being the M-step's part of the energy balance (D2, D6): F(G(x)) is known to be at most
that without a sweep. For families with latent variables, whose bracket is another, F(x) alone is
the bound.

What a step reports is the length of the plain step from the mixture that it returns, never that of
a jump. The residuals of an accelerated iteration are not geometric, so that their ratios say
nothing about the rate of the plain map G. That is read off its Jacobian on the span of recent
differences, J dx = dG: the largest eigenvalue of its projection (a Ritz value). With f the plain
step, x - x* = -(I - J)^-1 f up to higher order, hence

    distance <= |f| / (1 - rate),    F(x) - F* <= |f|^2 / (2 (1 - rate)).
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from mixot.families.base import SingularComponentError
from mixot.families.charts import Chart, chart
from mixot.fitting import descent
from mixot.fitting.constraints import weights_decrease
from mixot.fitting.descent import Info, Problem, State
from mixot.fitting.stopping import Certificate
from mixot.types import Array, Mixture

# Differences that are combinations of the others up to this fraction tell nothing about the map.
_DEPENDENT = 1e-5
# Fewer differences than this say little about a map of more coordinates.
_FEWEST = 3
# The rate is the largest of so many last estimates: a window may lack the slowest direction.
_RATES = 5
# Steps of this length are round-off.
_FLOOR = 1e-14
_UNKNOWN = Certificate(np.inf, np.nan, np.inf, np.inf)


@dataclass(frozen=True, slots=True)
class Progress(Info):
    """What an accelerated step did.

    step: length of the plain step from the state returned; certificate: what that says about the
    limit; n_map: plain maps (M-steps on a sweep's statistics) so far; n_objective: sweeps so far,
    each of which evaluates F, with the one of the start. The energy terms are not measured.
    """

    certificate: Certificate = _UNKNOWN
    n_map: int = 0
    n_objective: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Coordinates (p,) of a state, what the plain map adds to them, and their metric there."""

    x: Array
    residual: Array
    metric: Array

    def length(self, change: Array) -> float:
        """Return the length of a small change of the coordinates."""
        return float(np.linalg.norm(self.metric * change))


@dataclass(frozen=True, slots=True)
class Point:
    """A state and the plain map there.

    moved: the plain map's result; length: of that step, in the metric of `stopping`; gain: the
    decrease of F that it is certain to bring; place: None without coordinates.
    """

    state: State
    moved: Mixture
    length: float
    gain: float
    place: Place | None


class Walk:
    """The points of one fit: the recent ones, and how many of the last may be mixed."""

    def __init__(self, problem: Problem, memory: int) -> None:
        self.problem = problem
        self.chart: Chart | None = None
        self.recent: deque[Point] = deque(maxlen=memory + 1)
        self.usable = 0
        self._best = np.inf
        self._rates: deque[float] = deque(maxlen=_RATES)
        self._last: Point | None = None
        self._n_map, self._n_objective = 0, 1

    def begin(self, state: State) -> Point:
        """Return the point of the state that the loop hands over, remembered."""
        if self._last is not None and self._last.state is state:
            return self._last
        self._best = min(self._best, state.objective)
        point = self.at(state)
        self.remember(point)
        return point

    def at(self, state: State) -> Point:
        """Apply the plain map to a state."""
        moved = descent.maximise(self.problem, state)
        self._n_map += 1
        length, gain = _measure(self.problem, state, moved)
        here, there = self._charted(state.mixture), self._charted(moved)
        x = None if self.chart is None else self.chart.vector(here)
        if x is None:
            self.recent.clear()
            self.usable = 0
            self.chart = chart(self.problem.family, here, _free_weights(self.problem))
            x = None if self.chart is None else self.chart.vector(here)
        after = None if self.chart is None else self.chart.vector(there)
        if self.chart is None or x is None or after is None:
            return Point(state, moved, length, gain, None)
        place = Place(x, after - x, self.chart.metric(here))
        return Point(state, moved, length, gain, place)

    def remember(self, point: Point) -> None:
        """Keep a point for mixing and for the rate."""
        if point.place is not None:
            self.recent.append(point)
            self.usable = min(self.usable + 1, len(self.recent))

    def forget(self) -> None:
        """Mix no points earlier than the last one any more."""
        self.usable = min(self.usable, 1)

    def sweep(self, mixture: Mixture, before: State) -> tuple[State | None, Info]:
        """Evaluate a mixture."""
        self._n_objective += 1
        # Only solvers of the plan's own problem begin at an earlier potential.
        near = before if self.problem.plan.iterative else None
        return descent.init(self.problem, mixture, near)

    def jump(self, vector: Array, before: State) -> State | None:
        """Evaluate extrapolated coordinates; None if they are no mixture or it has no plan."""
        if self.chart is None or not np.isfinite(vector).all():
            return None
        mixture = self.chart.mixture(vector)
        if mixture is None:
            return None
        return self.sweep(self._allowed(mixture, before.mixture), before)[0]

    def accepts(self, state: State | None, instead_of: Point) -> bool:
        """Say whether F is as low as the plain map from a point is certain to bring it."""
        if state is None:
            return False
        bound = min(self._best, instead_of.state.objective - instead_of.gain)
        return bool(state.objective <= bound + _round_off(bound))

    def differences(self) -> tuple[Array, Array]:
        """Return the differences (p, m) of x and of residuals over the points to be mixed."""
        places = [point.place for point in self.recent if point.place is not None][-self.usable :]
        x = np.array([place.x for place in places]).T
        residuals = np.array([place.residual for place in places]).T
        return np.diff(x, axis=1), np.diff(residuals, axis=1)

    def finish(self, before: State, after: Point | Info) -> tuple[State, Info]:
        """Return what the loop asks of a step."""
        if isinstance(after, Info):
            return before, after
        self._last = after
        self.remember(after)
        self._best = min(self._best, after.state.objective)
        certificate = self._certify(after.length)
        nothing = np.nan
        return after.state, Progress(
            nothing,
            nothing,
            nothing,
            after.length,
            None,
            certificate,
            self._n_map,
            self._n_objective,
        )

    def _charted(self, mixture: Mixture) -> Mixture:
        """Return a mixture with what its weights have above their floor, as shares."""
        floor = self.problem.constraints.weight_floor
        free = 1.0 - floor * mixture.n_components
        if floor == 0.0 or free <= 0.0:
            return mixture
        above = np.maximum(mixture.weights - floor, 0.0)
        return Mixture(above / above.sum(), mixture.parameters)

    def _allowed(self, charted: Mixture, before: Mixture) -> Mixture:
        """Undo `_charted`, and give back to the last bit what is frozen."""
        constraints = self.problem.constraints
        weights = charted.weights
        if _free_weights(self.problem):
            floor = constraints.weight_floor
            weights = floor + (1.0 - floor * weights.size) * weights
        else:
            weights = before.weights
        parameters = dict(charted.parameters)
        for name, old in before.parameters.items():
            if name in constraints.frozen_parameters:
                parameters[name] = old
            elif name not in self.problem.family.shared:
                frozen = constraints.frozen_components.reshape((-1,) + (1,) * (old.ndim - 1))
                parameters[name] = np.where(frozen, old, parameters[name])
        return Mixture(weights, parameters)

    def _certify(self, length: float) -> Certificate:
        if length <= _FLOOR:
            return Certificate(length, 0.0, length, 0.0)
        rate = self._rate()
        if np.isfinite(rate):
            self._rates.append(rate)
        if not self._rates:
            return Certificate(length, np.nan, np.inf, np.inf)
        rate = max(self._rates)
        if rate >= 1.0:
            return Certificate(length, rate, np.inf, np.inf)
        left = 1.0 - rate
        return Certificate(length, rate, length / left, 0.5 * length**2 / left)

    def _rate(self) -> float:
        if self.chart is None or len(self.recent) <= min(_FEWEST, self.chart.owners.size):
            return np.nan
        # In stable coordinates lengths are those of KL, also of what goes to the boundary.
        last = self.recent[-1].state.mixture
        shares = self.chart.shares(self._charted(last))[:, None]
        ends = [
            (
                self.chart.stable(self._charted(one.state.mixture)),
                self.chart.stable(self._charted(one.moved)),
            )
            for one in self.recent
        ]
        here = shares * np.array([end[0] for end in ends]).T
        there = shares * np.array([end[1] for end in ends]).T
        moves, changes = np.diff(here, axis=1), np.diff(there - here, axis=1)
        sizes = np.linalg.norm(moves, axis=0)
        some = sizes > 0.0
        if not some.any():
            return np.nan
        basis, singular, right = np.linalg.svd(moves[:, some] / sizes[some], full_matrices=False)
        kept = singular > _DEPENDENT * singular[0]
        along = (changes[:, some] / sizes[some]) @ (right[kept].T / singular[kept])
        projected = basis[:, kept].T @ along
        return 1.0 + float(np.linalg.eigvals(projected).real.max())


def _free_weights(problem: Problem) -> bool:
    return problem.plan.weights == "m_step" and not problem.fixed_weights


def _measure(problem: Problem, state: State, moved: Mixture) -> tuple[float, float]:
    """Return the length of the plain step and the decrease of F that its M-step brings."""
    mass = state.totals.marginal
    try:
        with np.errstate(all="ignore"):
            divergence = problem.family.divergence(moved.parameters, state.mixture.parameters)
            gain = float(np.sum(np.where(mass > 0.0, mass * divergence, 0.0)))
    except SingularComponentError:
        return np.inf, 0.0
    if _free_weights(problem):
        gain += (
            problem.temperature
            * (1.0 + problem.penalty)
            * weights_decrease(
                mass / mass.sum(), state.mixture.weights, problem.constraints.weight_floor
            )
        )
    if not np.isfinite(gain):
        return np.inf, 0.0
    return float(np.sqrt(2.0 * max(gain, 0.0))), 0.0 if problem.by_costs else gain


def _round_off(objective: float) -> float:
    return 4.0 * float(np.finfo(float).eps) * max(1.0, abs(objective))
