"""Mixture models fitted by EM and by entropic optimal transport.

Maximum likelihood for a mixture is the minimisation, over its parameters, of an entropic
transport problem with cost -log p_k(x_i). One loop fits both sides of that statement:

    from mixot import as_sample, families, fit, smoothed_start

    sample = as_sample(points)
    family = families.get("gaussian-full")
    start = smoothed_start(sample, family, n_components=3, rng=numpy.random.default_rng(0))
    em = fit(sample, start, family, plan="semirelaxed")
    ot = fit(sample, start, family, plan="dual")
"""

from mixot.arrays import as_sample
from mixot.errors import InputError
from mixot.fitting import Fit, fit, log_likelihood, responsibilities, smoothed_start
from mixot.types import Mixture, Sample, Status

__all__ = [
    "Fit",
    "InputError",
    "Mixture",
    "Sample",
    "Status",
    "as_sample",
    "fit",
    "log_likelihood",
    "responsibilities",
    "smoothed_start",
]

__version__ = "0.1.0"
