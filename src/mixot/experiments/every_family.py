"""M: the identities on every family of the library, not on Gaussians alone.

Each family has a small random problem of its own (`_every_family`), seen from parameters that are
no fixed point. Left, the library: its transport between points and components, its EM and the
terms that this measures. Right, densities of SciPy, likelihoods in the natural domain, SLSQP for
weights, a semi-dual of the reference, and an EM whose M-steps are root finds; POT and scikit-learn
where they have the problem.

Where a family completes the data by a scale (Student's t, and products with it), the third term of
the energy balance is the decrease of the expected costs, which has parts itself (`more_em`).

Series: `families` and `identities` by name, and `errors`, the largest over seeds (families x
identities), not a number where an identity does not apply.
"""

import math
from dataclasses import dataclass

import numpy as np

from mixot.experiments import _every_family as families
from mixot.experiments._every_family_steps import iterates
from mixot.experiments._every_family_values import slopes, values
from mixot.experiments.outcome import Outcome, at
from mixot.streams import stream

NAME = "every_family"

IDENTITIES = (
    "A1 value",
    "A1 POT",
    "A2 random plan",
    "B1 minimum",
    "C1 gap",
    "C4 value",
    "C4 plan",
    "D1 iterates",
    "D2 balance",
    "D2 terms",
    "D2 expected costs",
    "D2 two parts",
    "D3 rise",
    "E1 slope",
    "E2 slope",
)


@dataclass(frozen=True)
class Options:
    """kinds: names in `_every_family.KINDS`, none for all, one problem each; n_iter: at most 50."""

    kinds: tuple[str, ...] = ()
    n_samples: int = 90
    n_iter: int = 20
    seeds: int = 3


def run(options: Options) -> Outcome:
    """Examine every family with every seed."""
    names = options.kinds or tuple(families.KINDS)
    found = []
    errors = np.full((len(names), len(IDENTITIES)), np.nan)
    for row, name in enumerate(names):
        for seed in range(options.seeds):
            case = families.case(name, options.n_samples, seed, NAME)
            rng = stream("experiment", NAME, "plans", name, seed)
            records = [*values(case, rng), *slopes(case), *iterates(case, options.n_iter)]
            found += at(name, case.family.name, records, seed)
            for one in records:
                column = IDENTITIES.index(one["quantity"])
                seen = math.nan if one["statistic"] is None else one["statistic"]
                errors[row, column] = np.fmax(errors[row, column], seen)
    series = {
        "families": np.array(names),
        "identities": np.array(IDENTITIES),
        "errors": errors,
    }
    return Outcome(tuple(found), series)
