"""Fitting from batches: stepwise EM on averaged statistics [Cappe & Moulines 2009].

With s_t the statistics per unit of mass of batch t, under the plan of the mixture before it,

    S_0 = s_0,      S_t = (1 - g_t) S_{t-1} + g_t s_t,      g_t = (t + 2)^-0.7,

and the next mixture is the M-step of S_t. The exponent lies between 1/2 and 1, where the steps are
long enough to arrive anywhere and short enough to settle. All statistics are taken about the
parameters at the beginning, since only sums about the same point may be added; families whose
statistics are expectations at the current parameters (`latent`) have no such point. Plans whose
column marginal binds are out too: a batch need not have the proportions of the whole.
"""

from dataclasses import dataclass

import numpy as np

from mixot.errors import InputError
from mixot.estimators import assignments
from mixot.families import Family
from mixot.families.gaussian import Gaussian
from mixot.transport import plans
from mixot.types import Array, Mixture, Parameters, Sample, Status

_EXPONENT = 0.7


@dataclass(frozen=True, slots=True)
class Online:
    """What the next batch needs.

    statistics: (K, p) average statistics about `reference`, of total mass 1, none before the first
    batch; scale: one-component parameters, beside which a component counts as singular.
    """

    mixture: Mixture
    reference: Parameters
    scale: Parameters
    statistics: Array | None
    n_batches: int


@dataclass(frozen=True, slots=True)
class Update:
    """The state after a batch, the batch's log-likelihood before it, and trouble if there was."""

    online: Online
    log_likelihood: float
    trouble: Status | None


def check(family: Family, plan: str) -> None:
    """Raise InputError if the family or the plan cannot be fitted from batches."""
    # A floor under Gaussian covariances makes them no less additive.
    if family.latent and not isinstance(family, Gaussian):
        raise InputError(
            f"family {family.name!r} cannot be fitted from batches: its statistics are taken at "
            "the current parameters and do not add up across batches"
        )
    if plans.get(plan).weights != "m_step":
        raise InputError(
            f"coupling {plan!r} cannot be fitted from batches: its column marginal binds the "
            "sample as a whole"
        )


def begin(sample: Sample, family: Family, mixture: Mixture) -> Online:
    """Return the state before the first batch."""
    scale = family.initial(sample, mixture.n_components)
    return Online(mixture, mixture.parameters, scale, None, 0)


def rate(t: int) -> float:
    """Return the weight of batch t, counted from 0."""
    return 1.0 if t == 0 else float((t + 2) ** -_EXPONENT)


def update(
    online: Online,
    sample: Sample,
    family: Family,
    plan: str,
    epsilon: float,
    free_weights: bool,
) -> Update:
    """Take one batch in; where that makes a component singular the mixture stays as it was."""
    if online.statistics is not None and not _is_unbounded(family):
        family.check(sample, 1)
    old = online.mixture
    nothing = np.zeros(old.n_components)
    log_likelihood = float(sample.weights @ assignments.log_likelihoods(sample.points, old, family))
    rows = assignments.rows(sample.points, old, family, plan, epsilon, nothing)
    statistics = family.statistics(sample.points, sample.weights[:, None] * rows, online.reference)
    if not np.isfinite(statistics).all() or not np.isfinite(log_likelihood):
        return Update(online, log_likelihood, Status.NONFINITE)
    if online.statistics is not None:
        share = rate(online.n_batches)
        statistics = (1.0 - share) * online.statistics + share * statistics
    parameters = family.m_step(statistics, online.reference)
    if not family.regular(parameters, online.scale).all():
        return Update(online, log_likelihood, Status.SINGULAR)
    weights = statistics[:, 0] / statistics[:, 0].sum() if free_weights else old.weights
    mixture = Mixture(weights, parameters)
    following = Online(mixture, online.reference, online.scale, statistics, online.n_batches + 1)
    return Update(following, log_likelihood, None)


def _is_unbounded(family: Family) -> bool:
    """Say whether the family has values in all of some columns; its check is one of spread then.

    A batch may well be too small or too uniform for a fit of its own.
    """
    return any(domain.kind == "location" for domain in family.domains.values())
