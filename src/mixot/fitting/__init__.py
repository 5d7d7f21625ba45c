"""Alternate a plan and an M-step."""

from mixot.fitting.evaluate import log_likelihood, responsibilities, row_potential
from mixot.fitting.fit import Fit, fit, step
from mixot.fitting.starts import smoothed_start
from mixot.fitting.stopping import Certificate
from mixot.fitting.trace import Trace

__all__ = [
    "Certificate",
    "Fit",
    "Trace",
    "fit",
    "log_likelihood",
    "responsibilities",
    "row_potential",
    "smoothed_start",
    "step",
]
