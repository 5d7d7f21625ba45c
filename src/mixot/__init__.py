"""Mixture models fitted by EM and by entropic optimal transport.

Maximum likelihood for a mixture is the minimisation, over its parameters, of an entropic
transport problem with cost -log p_k(x_i). One loop fits both sides of that statement:

    from mixot import as_sample, families, fit, smoothed_start

    sample = as_sample(points)
    family = families.get("gaussian-full")
    start = smoothed_start(sample, family, n_components=3, rng=numpy.random.default_rng(0))
    em = fit(sample, start, family, plan="semirelaxed")
    ot = fit(sample, start, family, plan="dual")

`MixtureModel` and `GaussianMixture` do the same with the habits of scikit-learn, which is loaded
when one of them is first asked for.
"""

from typing import TYPE_CHECKING, Any

from mixot.arrays import as_sample
from mixot.errors import InputError
from mixot.fitting import Fit, fit, log_likelihood, responsibilities, smoothed_start
from mixot.types import Mixture, Sample, Status

if TYPE_CHECKING:
    from mixot.estimators import GaussianMixture, MixtureModel

__all__ = [
    "Fit",
    "GaussianMixture",
    "InputError",
    "Mixture",
    "MixtureModel",
    "Sample",
    "Status",
    "as_sample",
    "fit",
    "log_likelihood",
    "responsibilities",
    "smoothed_start",
]

__version__ = "0.1.0"

_FACES = ("GaussianMixture", "MixtureModel")


def __getattr__(name: str) -> Any:
    """Load an estimator, and scikit-learn with it, when it is first asked for."""
    if name not in _FACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mixot import estimators

    return getattr(estimators, name)
