"""Several fits from different starts, and an archive of what they found.

Descent ends in the optimum of its start's basin. How many distinct optima there are, how often each
was hit and how far it lies above the best says more than the best alone: an optimum that one start
of fifty has found will have better ones beside it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mixot.errors import InputError
from mixot.families.base import Family
from mixot.fitting.archive import PROPER, Attempt, Optimum, distinct_optima
from mixot.fitting.fit import Fit, fit
from mixot.fitting.starts import Init, start
from mixot.types import Mixture, Sample


@dataclass(frozen=True, slots=True)
class Screening:
    """Run every start for n_iter iterations, then only the `keep` lowest to the end."""

    n_iter: int = 10
    keep: int = 3

    def __post_init__(self) -> None:
        """Refuse numbers below 1."""
        for name in ("n_iter", "keep"):
            if getattr(self, name) < 1:
                raise InputError(f"screening: {name} must be at least 1, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Restarts:
    """What several starts led to; their numbers count from 0.

    optima: distinct ones, the best first; degenerate: fits that lost a component, became singular
    or failed, which are no candidates however low their objective; screened_out: short runs that
    were not continued. Every start is in one of the three.
    """

    optima: tuple[Optimum, ...]
    degenerate: tuple[Attempt, ...]
    screened_out: tuple[Attempt, ...]

    @property
    def best(self) -> Fit | None:
        """The fit of the lowest objective among the optima; None if all starts degenerated."""
        return self.optima[0].fit if self.optima else None


def fit_restarts(
    sample: Sample,
    family: Family,
    n_components: int,
    n_init: int = 10,
    *,
    rng: np.random.Generator,
    init: Init = "k-means++",
    screening: Screening | None = None,
    same: float = 1e-3,
    **options: Any,
) -> Restarts:
    """Fit from n_init starts and group the results by where they ended.

    init: a method or a callable (see `starts.start`); each start has a generator of its own,
    spawned from rng, so that more starts continue fewer. screening: the kept starts are fitted
    again from their beginning, so that their fits are what they would be without it. same: the
    distance up to which two fits are one (`archive`); options: those of `fit`.
    """
    _check(n_init, init, same, screening, options)
    begun = [start(sample, family, n_components, init, rng=child) for child in rng.spawn(n_init)]
    _check_weights(begun, options)
    finished: list[Attempt] = []
    screened_out: list[Attempt] = []
    waiting = list(enumerate(begun))
    if screening is not None:
        waiting, finished, screened_out = _screen(sample, family, begun, screening, options)
    for number, mixture in waiting:
        finished.append(Attempt(number, fit(sample, mixture, family, **options)))
    proper = [attempt for attempt in finished if attempt.fit.status in PROPER]
    degenerate = [attempt for attempt in finished if attempt.fit.status not in PROPER]
    return Restarts(
        distinct_optima(family, proper, same),
        tuple(sorted(degenerate, key=lambda attempt: attempt.number)),
        tuple(screened_out),
    )


def _screen(
    sample: Sample,
    family: Family,
    begun: list[Mixture],
    screening: Screening,
    options: dict[str, Any],
) -> tuple[list[tuple[int, Mixture]], list[Attempt], list[Attempt]]:
    """Return the starts to continue, and the attempts that have ended or are given up."""
    n_iter = min(screening.n_iter, options.get("max_iter", screening.n_iter))
    short = {**options, "max_iter": n_iter}
    attempts = [
        Attempt(number, fit(sample, mixture, family, **short))
        for number, mixture in enumerate(begun)
    ]
    ended: list[Attempt] = []
    under_way: list[Attempt] = []
    for attempt in attempts:
        # Not the status: a component may be empty half-way, and the fit is still not over.
        over = attempt.fit.converged or attempt.fit.n_iter < n_iter
        (ended if over else under_way).append(attempt)
    under_way.sort(key=lambda attempt: attempt.fit.objective)
    kept = sorted(attempt.number for attempt in under_way[: screening.keep])
    return [(number, begun[number]) for number in kept], ended, under_way[screening.keep :]


def _check(
    n_init: int, init: Init, same: float, screening: Screening | None, options: dict[str, Any]
) -> None:
    if n_init < 1:
        raise InputError(f"n_init must be at least 1, got {n_init}")
    if n_init > 1 and not (isinstance(init, str) or callable(init)):
        raise InputError(
            f"init is given, so that all {n_init} starts would be the same: use n_init=1"
        )
    if not same >= 0.0:
        raise InputError(f"same must be >= 0, got {same}")
    if screening is not None and np.ndim(options.get("epsilon", 1.0)) > 0:
        raise InputError(
            "screening compares objectives, which a schedule of epsilons does not allow: "
            "use one epsilon or no screening"
        )


def _check_weights(begun: list[Mixture], options: dict[str, Any]) -> None:
    """Refuse to compare fits whose fixed weights differ."""
    fixed = isinstance(options.get("weights"), str) and options["weights"] == "fixed"
    if fixed and any((mixture.weights != begun[0].weights).any() for mixture in begun):
        raise InputError(
            "weights='fixed' holds every start at weights of its own, so that their objectives "
            "are not comparable: give the weights as a vector"
        )
