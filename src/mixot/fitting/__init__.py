"""Alternate a plan and an M-step."""

from mixot.fitting.annealing import Annealing
from mixot.fitting.constraints import Constraints
from mixot.fitting.evaluate import log_likelihood, responsibilities, row_potential
from mixot.fitting.fit import Fit, fit, step
from mixot.fitting.restarts import Restarts, Screening, fit_restarts
from mixot.fitting.starts import smoothed_start, start
from mixot.fitting.stopping import Certificate
from mixot.fitting.trace import Trace

__all__ = [
    "Annealing",
    "Certificate",
    "Constraints",
    "Fit",
    "Restarts",
    "Screening",
    "Trace",
    "fit",
    "fit_restarts",
    "log_likelihood",
    "responsibilities",
    "row_potential",
    "smoothed_start",
    "start",
    "step",
]
