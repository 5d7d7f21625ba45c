"""W1: where fits stop, and what that is worth, beside scikit-learn and k-means.

All methods begin at the same start. Left, the library as it comes, by EM and by Anderson's steps;
right, the limit, which is scikit-learn's EM without its floor, continued until it stands still. How
far each method stops from it is measured by the references, and so are likelihoods; clusters are
compared with the classes, where there are any. A win is a likelihood or an agreement that is higher
by more than what separates equal results, and a loss one that is lower.

Series: over tables, starts and methods the distance to the limit, the objective above the limit's,
the adjusted Rand index and the iterations.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mixot.arrays import as_sample
from mixot.evidence.records import Sides, record
from mixot.experiments import _agreement as agreement
from mixot.experiments import _em_limit as limits
from mixot.experiments import _scikit as scikit
from mixot.experiments._tables import TABLES, Table
from mixot.experiments.outcome import Outcome, at
from mixot.families.gaussian import Gaussian
from mixot.fitting.evaluate import responsibilities
from mixot.fitting.fit import fit
from mixot.fitting.starts import start
from mixot.streams import stream
from mixot.types import Array, Mixture

NAME = "effectiveness"
OURS = {"mixot, EM": None, "mixot, Anderson": "anderson"}
# reg_covar and tol; the first is what scikit-learn does unless it is told otherwise.
THEIRS = {
    "scikit-learn, default": (scikit.REG_COVAR, scikit.TOL),
    "scikit-learn, no floor": (0.0, scikit.TOL),
    "scikit-learn, 1e-10": (scikit.REG_COVAR, 1e-10),
    "scikit-learn, no floor, 1e-10": (0.0, 1e-10),
}
K_MEANS = "k-means"
METHODS = (*OURS, *THEIRS, K_MEANS)
MEASURES = ("distance", "excess", "rand", "iterations")
# Objectives above another by less are equal to it, indices above by less are as well.
_SAME_OBJECTIVE, _SAME_INDEX = 1e-6, 1e-3
# A certified stop is this near the objective of its limit, if it is the same optimum.
_SAME_OPTIMUM = 1e-9


@dataclass(frozen=True)
class Options:
    """tables: names in `_tables`, one problem each; starts: of each table.

    patience: iterations in which the limit must have been reached.
    """

    tables: tuple[str, ...] = tuple(TABLES)
    starts: int = 5
    patience: int = 20_000


def run(options: Options) -> Outcome:
    """Fit every table from every start by every method."""
    found = []
    shape = (len(MEASURES), len(options.tables), options.starts, len(METHODS))
    values = np.full(shape, np.nan)
    for row, name in enumerate(options.tables):
        table = TABLES[name]()
        for number in range(options.starts):
            measured = _measure(options, name, table, number)
            values[:, row, number] = measured
            family = f"gaussian-{table.covariance_type}"
            found += at(name, family, _records(measured), number)
    found += at("all", "gaussian", [*_counts(values, METHODS)])
    series = {name: values[index] for index, name in enumerate(MEASURES)}
    return Outcome(
        tuple(found),
        {**series, "methods": np.array(METHODS), "tables": np.array(options.tables)},
    )


def first(name: str, table: Table, number: int) -> Mixture:
    """Return the start of one number."""
    rng = stream("experiment", NAME, name, number)
    family = Gaussian(table.covariance_type)
    return start(as_sample(table.points), family, table.n_components, rng=rng)


def patience(tol: float, otherwise: int) -> int:
    """Return the iterations that scikit-learn has: its own number at its own tolerance."""
    return scikit.MAX_ITER if tol == scikit.TOL else otherwise


def _measure(options: Options, name: str, table: Table, number: int) -> Array:
    """Return the measures (4, methods) of one start."""
    points, kind = table.points, table.covariance_type
    begin, family = first(name, table, number), Gaussian(kind)
    ended: dict[str, tuple[Mixture, agreement.Labels, int]] = {}
    for method, acceleration in OURS.items():
        fitted = fit(
            as_sample(points),
            begin,
            family,
            acceleration=acceleration,
            max_iter=options.patience,
            n_threads=1,
        )
        labels = responsibilities(points, fitted.mixture, family).argmax(axis=1)
        ended[method] = fitted.mixture, labels, fitted.n_objective
    for method, (floor, tol) in THEIRS.items():
        peer = scikit.gaussian_mixture(
            points,
            begin,
            kind,
            reg_covar=floor,
            tol=tol,
            max_iter=patience(tol, options.patience),
        )
        ended[method] = peer.mixture, peer.labels, peer.n_iter
    found = np.full((len(MEASURES), len(METHODS)), np.nan)
    common = limits.limit(points, begin, kind, options.patience)
    best = np.nan if common is None else limits.objective(points, common, kind)
    for column, (method, (mixture, labels, n_iter)) in enumerate(ended.items()):
        value = limits.objective(points, mixture, kind)
        own = common
        if method in OURS and not abs(value - best) < _SAME_OPTIMUM:
            # Another optimum than that of EM: the limit is the one of where it stopped.
            own = limits.limit(points, mixture, kind, options.patience)
        away = np.nan if own is None else limits.distance(mixture, own, kind)
        found[:2, column] = away, value - best
        found[2:, column] = _rand(labels, table), n_iter
    labels, n_iter = scikit.k_means(points, begin.parameters["means"])
    found[2:, -1] = _rand(labels, table), n_iter
    return found


def _rand(labels: agreement.Labels, table: Table) -> float:
    return np.nan if table.classes is None else agreement.adjusted_rand(labels, table.classes)


def _records(measured: Array) -> list[dict[str, object]]:
    """Return the records of one start."""
    away, above, _, n_iter = (dict(zip(METHODS, row, strict=True)) for row in measured)
    default = next(iter(THEIRS))
    found = []
    for method in (*OURS, *THEIRS):
        sides = Sides(
            state="where the fit stops",
            left=method,
            right="the limit of sklearn.mixture.GaussianMixture",
        )
        control = {"default of scikit-learn": away[default]} if method in OURS else None
        found += [
            record(
                "W1", f"distance to the limit, {method}", away[method], control=control, **sides
            ),
            record("W1", f"nats above the limit, {method}", above[method], **sides),
            record("W1", f"sweeps, {method}", n_iter[method], **sides),
        ]
    return found


def _counts(values: Array, methods: Sequence[str]) -> list[dict[str, object]]:
    """Count over all tables and starts in how many the library's EM does better, or worse."""
    found = []
    _, above, rand, _ = values.reshape(len(MEASURES), -1, len(methods))
    ours = methods.index(next(iter(OURS)))
    for peer, name in enumerate(methods):
        if name in OURS and peer == ours:
            continue
        for what, gained, same in (
            ("likelihood", above[:, peer] - above[:, ours], _SAME_OBJECTIVE),
            ("agreement", rand[:, ours] - rand[:, peer], _SAME_INDEX),
        ):
            known = gained[np.isfinite(gained)]
            if not known.size:
                continue
            for word, number in (
                ("higher", np.sum(known > same)),
                ("lower", np.sum(known < -same)),
            ):
                found.append(
                    record(
                        "W1",
                        f"{what} {word} than {name}",
                        float(number),
                        state=f"of {known.size} fits",
                        left="mixot, EM",
                        right=name,
                    )
                )
    return found
