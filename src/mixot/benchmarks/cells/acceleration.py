"""What acceleration saves on the classic of slow convergence: counts, not times.

Death notices in The Times (Hasselblad 1969), two Poisson components, from weights (.3, .7) and
rates (1, 2.5), until the plain map moves no weight or rate by more than 1e-8. The counts are taken
where every algorithm has to pass: an M-step is a map, a sweep with statistics is an objective.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from mixot import families, problems
from mixot.benchmarks.record import Cell, Check, Effort, Measurement, Target
from mixot.engines import Rows, Sums, Task, as_rows
from mixot.families.base import Family
from mixot.fitting import fit
from mixot.reference.em import em_path
from mixot.types import Array, Mixture, Parameters

POSITION = 7
TITLE = "Evaluations to a step of 1e-8, Times deaths"
VALUES = {"maps": "of the map", "objectives": "of the objective"}

STEP = 1e-8
# At most so many evaluations of the map.
MOST_MAPS = {"anderson": 25.0}


@dataclass(slots=True)
class Counter:
    """Stands between the loop and what it evaluates.

    weights: those of the mixtures that were swept, by their rates; residual: the largest move of a
    weight or rate by the last map.
    """

    maps: int = 0
    objectives: int = 0
    residual: float = np.inf
    weights: dict[bytes, Array] = field(default_factory=dict)

    def swept(self, task: Task) -> None:
        """Count a sweep; the semi-relaxed plan's tilt is the logarithm of the weights."""
        if task.statistics:
            self.objectives += 1
            self.weights[task.density.parameters["rates"].tobytes()] = np.exp(task.tilt)

    def mapped(self, statistics: Array, old: Parameters, new: Parameters) -> None:
        """Count a map."""
        self.maps += 1
        shares = statistics[:, 0] / statistics[:, 0].sum()
        moves = (shares - self.weights[old["rates"].tobytes()], new["rates"] - old["rates"])
        self.residual = max(float(np.abs(move).max()) for move in moves)

    def done(self, objectives: Sequence[float], certificate: object) -> bool:
        """Stop the fit after a map that moves little."""
        del objectives, certificate
        return self.residual <= STEP


def measure(acceleration: str | None, effort: Effort) -> Measurement:
    """Count for one algorithm; the effort has no part in it."""
    del effort
    sample = problems.load("times_deaths", 0).sample
    family = families.get("poisson")
    start = Mixture(np.array([0.3, 0.7]), {"rates": np.array([[1.0], [2.5]])})
    counter = Counter()
    fitted = fit(
        _counted_rows(as_rows(sample), counter),
        start,
        _counted_family(family, counter),
        stop=counter.done,
        max_iter=10_000,
        acceleration=acceleration,
    )
    found = fitted.mixture
    path = em_path(
        "poisson", sample.points, sample.weights, found.weights, dict(found.parameters), 1
    )
    moved = max(
        float(np.abs(path[1].weights - path[0].weights).max()),
        float(np.abs(path[1].parameters["rates"] - path[0].parameters["rates"]).max()),
    )
    numbers = {"step by the reference": moved, "objective": path[0].objective}
    limit = MOST_MAPS.get(acceleration or "")
    return Measurement(
        {"K": 2, "family": "poisson", "step": STEP},
        check=_check(moved, numbers),
        values={"maps": counter.maps, "objectives": counter.objectives},
        targets=() if limit is None else (Target("maps", "<=", limit),),
    )


def _check(moved: float, numbers: dict[str, float]) -> Check:
    holds = moved <= 2.0 * STEP
    return Check(holds, "" if holds else f"the reference still moves by {moved:.1e}", numbers)


class Between:
    """An object as it is but for some of its methods."""

    def __init__(self, inner: Any, **methods: Callable[..., Any]) -> None:
        self.__dict__ |= methods
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        """Ask the object itself for everything else."""
        return getattr(self._inner, name)


def _counted_family(family: Family, counter: Counter) -> Any:
    def m_step(statistics: Array, parameters: Parameters) -> Parameters:
        moved = family.m_step(statistics, parameters)
        counter.mapped(statistics, parameters, moved)
        return moved

    return Between(family, m_step=m_step)


def _counted_rows(rows: Rows, counter: Counter) -> Any:
    def engine(*arguments: Any) -> Any:
        inner = rows.engine(*arguments)

        def run(task: Task) -> Sums:
            counter.swept(task)
            return inner.run(task)

        return Between(inner, run=run)

    return Between(rows, engine=engine)


CELLS = tuple(
    Cell("acceleration", acceleration or "em", partial(measure, acceleration))
    for acceleration in (None, "squarem", "anderson")
)
