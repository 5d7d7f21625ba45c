"""Plans between samples and components."""

from mixot.transport.gradients import Gradients, gradients
from mixot.transport.objective import (
    entropy_form,
    kl_divergence,
    mutual_information,
    objective,
    transport_cost,
)
from mixot.transport.result import TransportResult
from mixot.transport.solve import minimise_over_weights, solve

__all__ = [
    "Gradients",
    "TransportResult",
    "entropy_form",
    "gradients",
    "kl_divergence",
    "minimise_over_weights",
    "mutual_information",
    "objective",
    "solve",
    "transport_cost",
]
