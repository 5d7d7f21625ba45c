"""T1: a fit does not depend on where its rows lie, nor on how many threads sweep them.

Left, a fit to rows in a memory map, in .npy files of either order, in a Parquet file whose row
groups, and in a folder whose files, end anywhere, and with Dask's workers; also in memory with two
threads. Right, the fit in memory with one thread, whose first iterations are held against the
reference's. Paths are compared, that is the objective after every iteration and the mixtures that
the trace keeps. The mistake is to lose one row.

There are so many rows that they are cut into several parts, whose sums are added.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from mixot.arrays import as_sample
from mixot.engines import Rows
from mixot.evidence.records import difference, record
from mixot.experiments import _many_rows as many
from mixot.experiments._many_rows import Normals
from mixot.experiments._places import places
from mixot.experiments._places import workers as at_workers
from mixot.experiments.outcome import Outcome, at
from mixot.families.base import Family
from mixot.families.gaussian import Gaussian
from mixot.families.poisson import Poisson
from mixot.families.student_t import StudentT
from mixot.fitting.fit import Fit, fit
from mixot.reference import em
from mixot.streams import stream
from mixot.types import Array, Mixture, Sample

NAME = "placement"


@dataclass(frozen=True)
class Options:
    """problems: by their names in `PROBLEMS`; n_samples: rows, more than a part's 65,536.

    checked: iterations that the reference repeats. processes: whether the workers are processes of
    their own, or threads of this one.
    """

    problems: tuple[str, ...] = (
        "em",
        "sinkhorn-em",
        "weighted",
        "round",
        "hard",
        "counts",
        "heavy-tails",
    )
    n_samples: int = 150_000
    iterations: int = 8
    checked: int = 2
    workers: int = 2
    processes: bool = True


@dataclass(frozen=True, slots=True)
class Problem:
    """A family and a plan; weighted: whether the rows have weights; judged: by the reference."""

    family: Family
    plan: str = "semirelaxed"
    weights: str = "free"
    weighted: bool = False
    judged: bool = True


PROBLEMS = {
    "em": Problem(Gaussian("full")),
    "sinkhorn-em": Problem(Gaussian("tied"), "balanced", "fixed"),
    "weighted": Problem(Gaussian("diag"), weighted=True),
    "round": Problem(Gaussian("spherical")),
    "hard": Problem(Gaussian("full"), "hard", judged=False),
    "counts": Problem(Poisson()),
    "heavy-tails": Problem(StudentT("full"), judged=False),
}


@dataclass(frozen=True, slots=True)
class _Case:
    """A problem with points (n, 2), weights (n,) or None, and a start."""

    problem: Problem
    points: Array
    weights: Array | None
    start: Mixture
    iterations: int

    def fit(self, rows: Sample | Rows, n_threads: int = 1) -> Fit:
        """Make the iterations on rows that lie anywhere."""
        return fit(
            rows,
            self.start,
            self.problem.family,
            plan=self.problem.plan,
            weights=self.problem.weights,
            tol=0.0,
            max_iter=self.iterations,
            n_threads=n_threads,
        )

    def without_last(self) -> Sample:
        """Return the rows but the last one, in memory."""
        return as_sample(self.points[:-1], None if self.weights is None else self.weights[:-1])


def run(options: Options) -> Outcome:
    """Fit every problem from every place."""
    found = []
    workers = at_workers(options.workers, options.processes)
    with TemporaryDirectory() as folder, workers as client:
        for name in options.problems:
            case = _case(PROBLEMS[name], options)
            expected = case.fit(as_sample(case.points, case.weights))
            lost = _differences(case.fit(case.without_last()), expected)
            records = []
            for place, rows, threads in places(Path(folder), case.points, case.weights, client):
                compared = case.fit(rows, threads)
                records += _records(compared, expected, place, lost, case.problem.weighted)
            if case.problem.judged:
                records.append(_judged(case, expected, options.checked))
            found += at(name, case.problem.family.name, records)
    return Outcome(tuple(found))


def _case(problem: Problem, options: Options) -> _Case:
    points, weights = _draw(options.n_samples, problem)
    return _Case(problem, points, weights, _start(points, problem.family), options.iterations)


def _draw(n_samples: int, problem: Problem) -> tuple[Array, Array | None]:
    """Return points (n, 2), and weights (n,) if the problem has them."""
    if isinstance(problem.family, Poisson):
        rng = stream("experiment", NAME, "counts", n_samples)
        rates = np.array([[1.0, 2.0], [6.0, 3.0], [15.0, 9.0]])
        return rng.poisson(rates[rng.integers(3, size=n_samples)]).astype(np.float64), None
    points = Normals(NAME, 2.0).draw(n_samples)
    if not problem.weighted:
        return points, None
    rng = stream("experiment", NAME, "weights", n_samples)
    return points, rng.uniform(0.5, 1.5, n_samples)


def _start(points: Array, family: Family) -> Mixture:
    """Return a start with the parameters of the family, far from the limit."""
    begin = many.start(points[:4096])
    if isinstance(family, Poisson):
        return Mixture(begin.weights, {"rates": 0.5 + begin.parameters["means"]})
    covariances = np.asarray(begin.parameters["covariances"])
    if "covariances" in family.shared:
        covariances = covariances[0]
    elif family.name.endswith("diag"):
        covariances = np.diagonal(covariances, axis1=1, axis2=2).copy()
    elif family.name.endswith("spherical"):
        covariances = np.trace(covariances, axis1=1, axis2=2) / 2.0
    return Mixture(begin.weights, {"means": begin.parameters["means"], "covariances": covariances})


def _records(
    found: Fit, expected: Fit, place: str, lost: float, weighted: bool
) -> list[dict[str, Any]]:
    left, right = f"fitting.fit.fit, {place}", "fitting.fit.fit in memory, one thread"
    return [
        record(
            "T1",
            "path",
            _differences(found, expected),
            state=place,
            left=left,
            right=right,
            control={"a row lost": lost},
        ),
        record(
            "T1",
            "numbers with other bits" + (", rows with weights" if weighted else ""),
            float(sum(int(np.sum(one != other)) for one, other in _pairs(found, expected))),
            state=place,
            left=left,
            right=right,
        ),
    ]


def _differences(found: Fit, expected: Fit) -> float:
    """Return the largest difference along two paths."""
    return float(np.max([difference(one, other) for one, other in _pairs(found, expected)]))


def _pairs(found: Fit, expected: Fit) -> list[tuple[Array, Array]]:
    """Return what is compared of two paths: objectives, weights and parameters."""
    one, other = found.trace, expected.trace
    pairs = [(one.objective, other.objective), (one.weights, other.weights)]
    return pairs + [(one.parameters[name], other.parameters[name]) for name in other.parameters]


def _judged(case: _Case, expected: Fit, iterations: int) -> dict[str, Any]:
    """Return the record of the fit in memory against the reference's iterates."""
    path = em.em_path(
        case.problem.family.name,
        case.points,
        as_sample(case.points, case.weights).weights,
        case.start.weights,
        dict(case.start.parameters),
        iterations,
        weights_free=case.problem.weights == "free",
        plan=case.problem.plan,
    )
    trace = expected.trace

    def against(lag: int) -> float:
        errors = [0.0]
        for number in range(1, iterations + 1):
            theirs = path[number - lag]
            errors += [
                difference(trace.objective[number], theirs.objective),
                difference(trace.weights[number], theirs.weights),
                *(
                    difference(trace.parameters[name][number], values)
                    for name, values in theirs.parameters.items()
                ),
            ]
        return float(np.max(errors))

    return record(
        "T1",
        "reference",
        against(0),
        state=f"{iterations} iterations",
        left="fitting.fit.fit in memory, one thread",
        right="reference.em.em_path",
        control={"an iteration before": against(1)},
    )
