"""H1: where EM and Sinkhorn EM can end, for two normals with opposite means and known weights.

For every separation and weight the attracting fixed points other than the truth are found by closed
forms (`_opposite_means`), and where they vanish by Newton's method (`_folds`). Left, the library's
loop on the same population. It must stand still at a fold, with slope 1; the weight at which
what it makes of m ceases to touch m, from steps at three means and two weights, must be that of the
fold; and a fit from m = -t must end in the lowest fixed point on either side of it.

Series: the spurious mean over weights x separations for each method, not a number where there is
none; and along `fold_separations` the weight above which there is none.
"""

from dataclasses import dataclass

import numpy as np

from mixot.evidence.records import Sides, difference, excess, record
from mixot.experiments import _opposite_means as model
from mixot.experiments._folds import Fold, fold, rough_fold
from mixot.experiments.outcome import Outcome, at
from mixot.fitting.fit import fit
from mixot.types import Array

NAME = "fixed_points"
FAMILY = "opposite-means"
# Means and weights beside a fold between which the library's steps are interpolated: the errors are
# of the fourth order in the first and of the second in the other.
_MEANS, _WEIGHTS = 3e-3, 1e-5


@dataclass(frozen=True)
class Options:
    """The grid of the map, and the separations at which the library is asked.

    beside: how far from a fold fits are made, as a difference of weights.
    """

    n_weights: int = 40
    n_separations: int = 40
    largest_weight: float = 0.99
    smallest_separation: float = 0.25
    largest_separation: float = 2.5
    checked: tuple[float, ...] = (0.5, 0.75, 1.0, 1.5, 2.0)
    beside: float = 0.01


def run(options: Options) -> Outcome:
    """Draw the map, follow the folds, and hold the library against both."""
    separations = np.linspace(
        options.smallest_separation, options.largest_separation, options.n_separations
    )
    # At equal weights the mirrored truth is the truth, and no spurious point.
    weights = np.linspace(0.5, options.largest_weight, options.n_weights + 1)[1:]
    series = {"weights": weights, "separations": separations}
    found = []
    folds: dict[tuple[str, float], Fold] = {}
    for method in model.METHODS:
        spurious = np.array(
            [[_spurious(float(w), float(t), method) for w in weights] for t in separations]
        )
        series[f"{method} spurious"] = spurious
        along = sorted({*separations.tolist(), *options.checked})
        last = rough_fold(along[0], method)
        for t in along:
            last = fold(t, method, last)
            folds[method, t] = last
        series["fold_separations"] = np.array(along)
        series[f"{method} fold"] = np.array([folds[method, t].weight for t in along])
    for t in options.checked:
        both = {method: folds[method, t] for method in model.METHODS}
        found += at(f"separation-{t:g}", FAMILY, _records(options, t, both))
    found += at("map", FAMILY, _map_records(series))
    return Outcome(tuple(found), series)


def _spurious(weight: float, separation: float, method: model.Method) -> float:
    """Return the attracting fixed point below zero, not a number if there is none."""
    truth = model.population(weight, separation, spacing=0.1)
    lower = [m for m, attracts in model.fixed_points(truth, method) if attracts and m < 0.0]
    return lower[0] if lower else float("nan")


def _records(
    options: Options, separation: float, folds: dict[model.Method, Fold]
) -> list[dict[str, object]]:
    found = []
    for method, where in folds.items():
        other = folds[_other(method)]
        truth = model.population(where.weight, separation)
        boundary = _library_boundary(separation, method, where)
        mirrored = model.library_image(truth, method, -separation)
        steep = model.library_slope(truth, method, separation)
        checks = (
            (
                "boundary",
                difference(boundary, where.weight),
                {"the other's": difference(boundary, other.weight)},
            ),
            (
                "image at the fold",
                difference(model.library_image(truth, method, where.mean), where.mean),
                {"elsewhere": difference(mirrored, -separation)},
            ),
            (
                "slope at the fold",
                difference(model.library_slope(truth, method, where.mean), 1.0),
                {"at the truth": difference(steep, 1.0)},
            ),
        )
        found += [
            record(
                "H1",
                quantity,
                statistic,
                state=method,
                left="fitting.fit.step",
                right="three equations in (m, b, alpha) by Newton's method",
                control=control,
                notes=f"weight {where.weight:.9f}, mean {where.mean:.9f}",
            )
            for quantity, statistic, control in checks
        ]
        for change in (-options.beside, options.beside):
            found.append(_fit_beside(separation, method, where.weight + change))
    em, sinkhorn = (folds[method].weight for method in model.METHODS)
    ordered = Sides(state="folds", left="fold of Sinkhorn EM", right="fold of EM")
    found += [
        record(
            "H1",
            "Sinkhorn EM's fold above EM's",
            excess(sinkhorn, em),
            control={"reversed": excess(em, sinkhorn)},
            **ordered,
        ),
        record("H1", "Sinkhorn EM's fold above one half", sinkhorn - 0.5, **ordered),
        record("H1", "EM's fold less Sinkhorn EM's", em - sinkhorn, **ordered),
    ]
    return found


def _other(method: model.Method) -> model.Method:
    return "sinkhorn-em" if method == "em" else "em"


def _library_boundary(separation: float, method: model.Method, near: Fold) -> float:
    """Return the weight at which the library's m' touches m, by interpolation beside a fold.

    Over m the excess m' - m has an extremum there; that of the parabola through three of its values
    is zero at the boundary, and crosses zero with the weight.
    """
    weights = near.weight + _WEIGHTS * np.array([-1.0, 1.0])
    extremes = []
    for weight in weights:
        truth = model.population(float(weight), separation)
        at_means = near.mean + _MEANS * np.array([-1.0, 0.0, 1.0])
        low, middle, high = (model.library_image(truth, method, float(m)) - m for m in at_means)
        rise, bend = 0.5 * (high - low), low - 2.0 * middle + high
        extremes.append(middle - 0.5 * rise**2 / bend)
    below, above = extremes
    return float(weights[0] - below * (weights[1] - weights[0]) / (above - below))


def _fit_beside(separation: float, method: model.Method, weight: float) -> dict[str, object]:
    """Fit from the mirrored truth, and compare with the lowest fixed point of the closed form."""
    truth = model.population(min(weight, 1.0 - 1e-6), separation)
    expected = model.fixed_points(truth, method, 401)[0][0]
    ended = fit(
        truth.sample,
        model.mixture(-separation, truth.weight),
        model.OppositeMeans(),
        plan=model.PLANS[method],
        weights="fixed",
    )
    mean = float(ended.mixture.parameters["means"][0, 0])
    return record(
        "H1",
        "fit beside the fold",
        difference(mean, expected),
        state=f"{method}, weight {truth.weight:.3f}",
        left="fit from the mirrored truth",
        right="the lowest root of m' - m, by closed form",
    )


def _map_records(series: dict[str, Array]) -> list[dict[str, object]]:
    """Count the cells of the map in which each method has a spurious fixed point."""
    em, sinkhorn = (np.isfinite(series[f"{method} spurious"]) for method in model.METHODS)
    counts = {
        "cells where EM has a spurious fixed point": em,
        "cells where Sinkhorn EM has one": sinkhorn,
        "cells where Sinkhorn EM has one and EM has none": sinkhorn & ~em,
    }
    return [
        record(
            "H1",
            quantity,
            float(cells.sum()),
            state=f"of {cells.size} cells",
            left="Sinkhorn EM",
            right="EM",
        )
        for quantity, cells in counts.items()
    ]
