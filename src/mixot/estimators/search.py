"""One fit, or the best of several with the archive of what they found."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mixot.families import Family
from mixot.fitting import Fit, fit
from mixot.fitting.restarts import Restarts, fit_restarts
from mixot.types import Mixture, Sample, Status

Begin = Callable[[np.random.Generator], Mixture]

# If every start degenerated, those that lost components are better than those that broke off.
_BROKEN = (Status.SINGULAR, Status.NONFINITE, Status.INFEASIBLE, Status.ERROR)


def search(
    sample: Sample,
    family: Family,
    n_components: int,
    begin: Begin,
    n_init: int,
    rng: np.random.Generator,
    options: Mapping[str, Any],
) -> tuple[Fit, Restarts | None]:
    """Return the best fit of n_init starts, and all of them if there are several.

    The first start is the same for any n_init; options: those of `mixot.fitting.fit`.
    """
    if n_init == 1:
        (child,) = rng.spawn(1)
        return fit(sample, begin(child), family, **options), None
    restarts = fit_restarts(
        sample,
        family,
        n_components,
        n_init,
        rng=rng,
        init=lambda _sample, _family, _n_components, child: begin(child),
        **options,
    )
    best = restarts.best or min((attempt.fit for attempt in restarts.degenerate), key=_rank)
    return best, restarts


def message(fitted: Fit, family: Family) -> str:
    """Return the status in a sentence, with advice and what the family remarks of the result."""
    remarks = getattr(family, "remarks", None)
    remark = "" if remarks is None else remarks(fitted.mixture.parameters)
    return f"{fitted.message} {remark}" if remark not in fitted.message else fitted.message


def report(best: Fit, restarts: Restarts | None) -> str:
    """Say in a line for each optimum which starts led there, and how good it is."""
    if restarts is None:
        return f"{best.status} after {best.n_iter} steps, lower bound {-best.objective:.10g}"
    lines = [
        f"optimum {number}: lower bound {-optimum.fit.objective:.10g}, {optimum.status}, "
        f"from {optimum.hits} of the starts"
        for number, optimum in enumerate(restarts.optima)
    ]
    lines += [f"start {attempt.number}: {attempt.fit.status}" for attempt in restarts.degenerate]
    return "\n".join(lines)


def _rank(fitted: Fit) -> tuple[bool, float]:
    return fitted.status in _BROKEN, fitted.objective
