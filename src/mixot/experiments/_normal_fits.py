"""The library's fits of two unit normals, held against the batched estimates of the same samples.

A fit begins at the truth and ends within 1e-11 of its limit, in the metric of the stopping rule.
The control is a fit by the same plan beside the estimates by another method.
"""

from collections.abc import Mapping

import numpy as np

from mixot.evidence.records import difference, record
from mixot.experiments._replicates import Estimates
from mixot.experiments._two_normals import Method, Truth
from mixot.families.gaussian import Gaussian
from mixot.fitting.fit import fit
from mixot.types import Array, Mixture, Sample

# By name of a plan: the method that it is, and one that it is not.
_METHODS: dict[str, tuple[Method, Method]] = {
    "semirelaxed": ("free", "fixed"),
    "balanced_free": ("free", "fixed"),
    "balanced": ("balanced", "fixed"),
}


def compare(
    claim: str, truth: Truth, points: Array, estimates: Mapping[Method, Estimates], plan: str
) -> list[dict[str, object]]:
    """Fit the samples (m, n) by the plan, and compare with the first m of the estimates."""
    method, other = _METHODS[plan]
    weights = "free" if method == "free" else "fixed"
    # With fixed weights the first entry of the estimates is no log-odds but the plan's tilt.
    part = slice(0 if method == "free" else 1, None)
    found = []
    for row, sample in enumerate(points):
        ended = _fit(sample, truth, plan, weights)[part]
        found.append(
            record(
                claim,
                f"fit by {plan}",
                difference(ended, estimates[method].theta[row, part]),
                control={"another": difference(ended, estimates[other].theta[row, part])},
                state=f"sample {row} of {sample.size}",
                left=f"fit, plan {plan}, weights {weights}",
                right="batched estimates",
            )
        )
    return found


def _fit(sample: Array, truth: Truth, plan: str, weights: str) -> Array:
    """Return the log-odds and means (3,) in which the library's fit ends."""
    n = sample.size
    ended = fit(
        Sample(sample[:, None], np.full(n, 1.0 / n), float(n)),
        Mixture(np.array([truth.weight, 1.0 - truth.weight]), {"means": truth.theta[1:, None]}),
        Gaussian("known", covariance=np.array(1.0)),
        plan=plan,
        weights=weights,
        tol=1e-11,
        n_threads=1,
    ).mixture
    first, second = ended.weights
    return np.append(np.log(first / second), ended.parameters["means"][:, 0])
