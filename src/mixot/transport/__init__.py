"""Plans between samples and components."""

from mixot.transport.gradients import Gradients, gradients
from mixot.transport.mixtures import MixtureDistance, mixture_distance, self_transport
from mixot.transport.objective import (
    entropy_form,
    kl_divergence,
    mutual_information,
    objective,
    transport_cost,
)
from mixot.transport.penalties import Alternation, compare_penalties
from mixot.transport.result import TransportResult
from mixot.transport.sample import solve_sample
from mixot.transport.scale import cost_scale
from mixot.transport.solve import minimise_over_weights, solve

__all__ = [
    "Alternation",
    "Gradients",
    "MixtureDistance",
    "TransportResult",
    "compare_penalties",
    "cost_scale",
    "entropy_form",
    "gradients",
    "kl_divergence",
    "minimise_over_weights",
    "mixture_distance",
    "mutual_information",
    "objective",
    "self_transport",
    "solve",
    "solve_sample",
    "transport_cost",
]
