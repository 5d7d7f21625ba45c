"""What is kept of a fit's path: objectives, energy terms, and the mixtures at some iterations."""

from dataclasses import dataclass, field

import numpy as np

from mixot.fitting.descent import Info, State
from mixot.types import Array, Mixture, Parameters

# Mixtures are kept at all iterations up to here, then each time the count has grown by this factor.
_DENSE = 50
_GROWTH = 1.1


@dataclass(frozen=True, slots=True)
class Trace:
    """The path of a fit over T steps.

    objective, marginal_error: (T + 1,); plan_kl, weights_kl, components_kl, step: (T,), the terms
    of the energy balance between t and t + 1 (`mixot.fitting.descent`), the first two divided by
    epsilon; iterations: (m,) those at which weights (m, K) and parameters {name: (m, ...)} are
    kept, the last one included; epsilon: (T + 1,) under which each objective was measured. Only
    objectives under one epsilon can be compared: where it changes, step t begins at another value
    than objective[t]. n_map and n_objective: (T + 1,) M-steps and evaluations of F until then;
    accelerated steps take several.
    """

    objective: Array
    marginal_error: Array
    plan_kl: Array
    weights_kl: Array
    components_kl: Array
    step: Array
    iterations: Array
    weights: Array
    parameters: Parameters
    epsilon: Array
    n_map: Array
    n_objective: Array


@dataclass(slots=True)
class Recorder:
    """Collects a trace while the loop runs."""

    states: list[tuple[float, float, float]] = field(default_factory=list)
    infos: list[Info] = field(default_factory=list)
    kept: list[tuple[int, Mixture]] = field(default_factory=list)
    counts: list[tuple[int, int]] = field(default_factory=lambda: [(0, 1)])

    def start(self, state: State) -> None:
        """Record the state before the first step."""
        self._note(state)
        self.kept.append((0, state.mixture))

    def add(self, state: State, info: Info) -> None:
        """Record a completed step and the state it led to."""
        self.infos.append(info)
        n_map, n_objective = self.counts[-1]
        self.counts.append((info.n_map or n_map + 1, info.n_objective or n_objective + 1))
        self._note(state)
        iteration = len(self.infos)
        if iteration <= _DENSE or iteration >= _GROWTH * self.kept[-1][0]:
            self.kept.append((iteration, state.mixture))

    def finish(self, state: State) -> Trace:
        """Return the trace, with the last mixture in it."""
        if self.kept[-1][0] != len(self.infos):
            self.kept.append((len(self.infos), state.mixture))
        mixtures = [mixture for _, mixture in self.kept]
        states = np.array(self.states)
        return Trace(
            states[:, 0],
            states[:, 1],
            np.array([info.plan_kl for info in self.infos]),
            np.array([info.weights_kl for info in self.infos]),
            np.array([info.components_kl for info in self.infos]),
            np.array([info.step for info in self.infos]),
            np.array([iteration for iteration, _ in self.kept]),
            np.stack([mixture.weights for mixture in mixtures]),
            {
                name: np.stack([mixture.parameters[name] for mixture in mixtures])
                for name in mixtures[0].parameters
            },
            states[:, 2],
            *np.array(self.counts, dtype=np.float64).T,
        )

    def _note(self, state: State) -> None:
        temperature = state.sweep.density.temperature
        self.states.append((state.objective, state.marginal_error, temperature))
