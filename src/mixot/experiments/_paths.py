"""Every mixture on the path of a fit by the library, which by itself keeps the first fifty."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mixot.families.base import Family
from mixot.fitting.constraints import UNCONSTRAINED, Constraints
from mixot.fitting.fit import fit
from mixot.fitting.stopping import Certificate
from mixot.types import Array, Mixture, Parameters, Sample

# So many iterations' mixtures are kept by a fit, whatever its length.
_KEPT = 50


@dataclass(frozen=True, slots=True)
class Path:
    """A start and T iterations: weights (T + 1, K), parameters {name: (T + 1, ...)}, objective.

    Shorter than asked for if a step failed.
    """

    weights: Array
    parameters: Parameters
    objective: Array


def follow(
    sample: Sample,
    start: Mixture,
    family: Family,
    n_iter: int,
    *,
    weights: str = "free",
    constraints: Constraints = UNCONSTRAINED,
) -> Path:
    """Return n_iter iterations of the library's loop from a start, made as many short fits."""
    pieces = []
    left, mixture = n_iter, start
    while left > 0:
        many = min(left, _KEPT)
        piece = fit(
            sample,
            mixture,
            family,
            weights=weights,
            max_iter=many,
            stop=_never,
            constraints=constraints,
            n_threads=1,
        )
        pieces.append(piece.trace)
        left, mixture = left - many, piece.mixture
        if piece.n_iter < many:
            break
    first = pieces[0]

    def joined(values: list[Array]) -> Array:
        return np.concatenate([values[0][:1], *(value[1:] for value in values)])

    return Path(
        joined([piece.weights for piece in pieces]),
        {name: joined([p.parameters[name] for p in pieces]) for name in first.parameters},
        joined([piece.objective for piece in pieces]),
    )


def _never(objectives: Sequence[float], certificate: Certificate) -> bool:
    """Let the fit go on."""
    del objectives, certificate
    return False
