"""T3: how many passes over the rows lead to an optimum, and how that grows with their number.

Samples of several sizes are drawn from one law, and fitted from one start until the certificate
says that the distance to the limit is below the tolerance, plainly and with Anderson's
acceleration. A pass is an evaluation of the objective over all rows; those of trial steps that were
refused count.

Left, the library's fits. Right, for the optimum: an iteration of scikit-learn where the accelerated
fit ended, which must stand still, and the objective of plain EM. The mistake is to stop plain EM
after as many passes.

Series: `sizes`; `separations`; `em` and `anderson`, sizes x separations, passes.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from mixot.arrays import as_sample
from mixot.evidence.records import difference, record
from mixot.experiments._many_rows import Normals, start
from mixot.experiments.outcome import Outcome, at
from mixot.families.gaussian import Gaussian
from mixot.fitting.fit import Fit, fit
from mixot.reference import peers
from mixot.types import Array, Mixture, Sample

NAME = "passes"
FAMILY = "gaussian-full"
_TOL = 1e-8
_START_ROWS = 4000


@dataclass(frozen=True)
class Options:
    """sizes: rows, one problem each, ascending; separations: of the centres, one law each."""

    sizes: tuple[int, ...] = (1000, 5000, 25_000, 125_000, 625_000)
    separations: tuple[float, ...] = (2.0, 2.5, 3.0)


def run(options: Options) -> Outcome:
    """Fit every law at every size in both ways."""
    shape = (len(options.sizes), len(options.separations))
    passes = {"em": np.empty(shape), "anderson": np.empty(shape)}
    found = []
    for column, separation in enumerate(options.separations):
        law = Normals(NAME, separation)
        begin = start(law.draw(_START_ROWS, block=1))
        for row, size in enumerate(options.sizes):
            points = law.draw(size)
            plain, fast, records = _compare(points, begin)
            for name, one in (("em", plain), ("anderson", fast)):
                passes[name][row, column] = one.n_objective
                ratio = one.n_objective / passes[name][0, column]
                records.append(_growth(name, ratio, options.sizes[0]))
            found += at(f"rows-{size}", FAMILY, records, column)
    series = {"sizes": np.array(options.sizes), "separations": np.array(options.separations)}
    return Outcome(tuple(found), {**series, **passes})


def _compare(points: Array, begin: Mixture) -> tuple[Fit, Fit, list[dict[str, Any]]]:
    sample = as_sample(points)
    plain, fast = _to_optimum(sample, begin, None), _to_optimum(sample, begin, "anderson")
    early = _steps(sample, begin, fast.n_objective - 1)
    value = fast.objective if plain.converged and fast.converged else float("nan")
    made = partial(
        record, "T3", state=f"to a distance of {_TOL:g}", left="fitting.fit.fit with anderson"
    )
    found = [
        made(
            "objective",
            difference(value, plain.objective),
            right="fitting.fit.fit, plain",
            control={"as many passes of EM": difference(value, early.objective)},
        ),
        made(
            "standing still",
            _movement(points, fast.mixture),
            right="reference.peers.sklearn_path, one iteration",
            control={"as many passes of EM": _movement(points, early.mixture)},
        ),
        made(
            "passes over those of EM",
            fast.n_objective / plain.n_objective,
            right="fitting.fit.fit, plain",
        ),
    ]
    return plain, fast, found


def _to_optimum(sample: Sample, begin: Mixture, acceleration: str | None) -> Fit:
    return fit(
        sample,
        begin,
        Gaussian("full"),
        tol=_TOL,
        max_iter=20_000,
        acceleration=acceleration,
        n_threads=1,
    )


def _steps(sample: Sample, begin: Mixture, number: int) -> Fit:
    return fit(sample, begin, Gaussian("full"), tol=0.0, max_iter=number, n_threads=1)


def _movement(points: Array, mixture: Mixture) -> float:
    """Return how far scikit-learn's next iteration moves weights and means."""
    parameters = dict(mixture.parameters)
    after = peers.sklearn_path(FAMILY, points, mixture.weights, parameters, 1)[-1]
    moved = [
        difference(after.weights, mixture.weights),
        difference(after.parameters["means"], parameters["means"]),
    ]
    return float(np.max(moved))


def _growth(name: str, ratio: float, smallest: int) -> dict[str, Any]:
    return record(
        "T3",
        f"growth of {name}",
        ratio,
        state=f"over the passes at {smallest:,} rows",
        left=f"fitting.fit.fit, {name}",
        right="the same at the smallest size",
    )
