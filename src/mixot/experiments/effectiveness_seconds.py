"""W2: the seconds in which a fit reaches its stop, beside scikit-learn and k-means.

Tables, starts and methods are those of `effectiveness`, which says how near the limit each of them
stops: the times of methods that stop early are times of less work. One more makes as many
iterations of scikit-learn's as the library's EM, which take it to the same place. Each side runs on
one core.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from mixot.arrays import as_sample
from mixot.evidence.records import Sides, record
from mixot.experiments import _scikit as scikit
from mixot.experiments import effectiveness as methods
from mixot.experiments._clock import race
from mixot.experiments._tables import TABLES, Table
from mixot.experiments.outcome import Outcome, at
from mixot.families.gaussian import Gaussian
from mixot.fitting.fit import fit
from mixot.types import Array, Mixture

NAME = "effectiveness_seconds"
SAME = "scikit-learn, same place"
# Of scikit-learn's own stops the default, and the one that is nearest to the limit.
STOPS = ("scikit-learn, no floor, 1e-10", "scikit-learn, default")
PEERS = (SAME, *STOPS, methods.K_MEANS)
SIDES = (*methods.OURS, *PEERS)


@dataclass(frozen=True)
class Options:
    """tables: one problem each; starts: of each; repeats: timed turns of every side."""

    tables: tuple[str, ...] = tuple(TABLES)
    starts: int = 3
    repeats: int = 3
    patience: int = 20_000


def run(options: Options) -> Outcome:
    """Time every method on every table from every start."""
    found = []
    medians = np.empty((len(options.tables), options.starts, len(SIDES)))
    for row, name in enumerate(options.tables):
        table = TABLES[name]()
        for number in range(options.starts):
            sides = _sides(options, table, methods.first(name, table, number))
            seconds = race(sides, options.repeats)
            medians[row, number] = [np.median(seconds[side]) for side in SIDES]
            found += at(
                name, f"gaussian-{table.covariance_type}", _records(medians[row, number]), number
            )
    found += at("all", "gaussian", _counts(medians))
    series = {
        "seconds": medians,
        "sides": np.array(SIDES),
        "tables": np.array(options.tables),
    }
    return Outcome(tuple(found), series)


def _sides(options: Options, table: Table, begin: Mixture) -> dict[str, Callable[[], object]]:
    points, kind = table.points, table.covariance_type
    sides: dict[str, Callable[[], object]] = {
        method: partial(
            fit,
            as_sample(points),
            begin,
            Gaussian(kind),
            acceleration=acceleration,
            max_iter=options.patience,
            n_threads=1,
        )
        for method, acceleration in methods.OURS.items()
    }
    n_iter = fit(as_sample(points), begin, Gaussian(kind), max_iter=options.patience).n_iter
    settings = {SAME: (0.0, 0.0, n_iter)}
    for method in STOPS:
        floor, tol = methods.THEIRS[method]
        settings[method] = floor, tol, methods.patience(tol, options.patience)
    for method, (floor, tol, max_iter) in settings.items():
        sides[method] = partial(
            scikit.gaussian_mixture,
            points,
            begin,
            kind,
            reg_covar=floor,
            tol=tol,
            max_iter=max_iter,
        )
    sides[methods.K_MEANS] = partial(scikit.k_means, points, begin.parameters["means"])
    return sides


def _records(medians: Array) -> list[dict[str, object]]:
    """Return the records of one start: seconds (sides,), and their ratios."""
    sides = Sides(state="to its stop, on one core", left="fit", right="scikit-learn")
    seconds = dict(zip(SIDES, medians.tolist(), strict=True))
    found = [record("W2", f"seconds, {side}", each, **sides) for side, each in seconds.items()]
    return found + [
        record(
            "W2", f"{ours}: seconds over those of {peer}", seconds[ours] / seconds[peer], **sides
        )
        for ours in methods.OURS
        for peer in PEERS
    ]


def _counts(medians: Array) -> list[dict[str, object]]:
    """Count over all tables and starts in how many the library is faster, and slower."""
    flat = medians.reshape(-1, len(SIDES))
    found = []
    for ours in methods.OURS:
        for peer in PEERS:
            ratios = flat[:, SIDES.index(ours)] / flat[:, SIDES.index(peer)]
            for word, number in (
                ("faster than", np.sum(ratios < 1.0)),
                ("slower than", np.sum(ratios >= 1.0)),
                ("median of the seconds over those of", np.median(ratios)),
            ):
                found.append(
                    record(
                        "W2",
                        f"{ours}: {word} {peer}",
                        float(number),
                        state=f"of {flat.shape[0]} fits",
                        left=ours,
                        right=peer,
                    )
                )
    return found
