"""A, B, C and E for one problem of `_every_family`: values, plans and slopes at one mixture.

The records are those of `every_family`, which says what stands on either side.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mixot import fitting, transport
from mixot.evidence.records import Sides, difference, record
from mixot.experiments._every_family import Case
from mixot.reference import likelihood, pot, sinkhorn
from mixot.reference import weights as reference_weights
from mixot.transport.request import Relaxation
from mixot.types import Array, Mixture

_WARM = 1.01
# Five-point differences along a curve on which parameters change by their own size: truncation and
# round-off are both below 1e-11 of the value.
_STEP = 3e-4
# What the free-weight solver is asked for, below the bound on its value.
_TOL = 1e-12


@dataclass(frozen=True, slots=True)
class _Place:
    """A case with what several identities need: costs, the likelihood and the E-step plan."""

    case: Case
    cost: Array
    reference_cost: Array
    nll: float
    log_estep: Array

    @property
    def a(self) -> Array:
        """The weights of the observations (n,)."""
        return self.case.sample.weights

    @property
    def weights(self) -> Array:
        """The weights of the components (K,)."""
        return self.case.mixture.weights

    @property
    def estep(self) -> Array:
        """The E-step plan by the reference, (n, K)."""
        return np.asarray(np.exp(self.log_estep))

    def solved(
        self, relaxation: Relaxation, b: Array, epsilon: float = 1.0
    ) -> transport.TransportResult:
        """Solve the library's problem between points and components."""
        return transport.solve_sample(
            self.case.sample,
            self.case.mixture.parameters,
            self.case.family,
            b=b,
            epsilon=epsilon,
            relaxation=relaxation,
            n_threads=1,
        )


def values(case: Case, rng: np.random.Generator) -> list[dict[str, Any]]:
    """A1, A2, B1, C1 and C4 at the mixture of the case."""
    a, weights = case.sample.weights, case.mixture.weights
    reference_cost = case.reference_cost(case.mixture.parameters)
    place = _Place(
        case,
        case.cost(case.mixture.parameters),
        reference_cost,
        likelihood.negative_log_likelihood(reference_cost, a, weights),
        np.log(a)[:, None] + likelihood.log_responsibilities(reference_cost, weights),
    )
    balanced = place.solved("balanced", weights)
    return [*_likelihood(place, rng), *_weights(place, balanced), *_gap(place, balanced)]


def _likelihood(place: _Place, rng: np.random.Generator) -> list[dict[str, Any]]:
    """A1, by the library's two ways and by POT, and A2; the mistake is a temperature of 1.01."""
    case, a, weights = place.case, place.a, place.weights
    solved = place.solved("semirelaxed", weights)
    warm = place.solved("semirelaxed", weights, _WARM)
    own = -fitting.log_likelihood(case.sample, case.mixture, case.family)
    peer = pot.pot_semirelaxed(place.reference_cost, a, weights)
    even = Mixture(np.full_like(weights, 1.0 / weights.size), case.mixture.parameters)
    rows = fitting.responsibilities(case.sample.points, even, case.family)
    log_random = np.log(a)[:, None] + np.log(rng.dirichlet(np.ones(weights.size), a.size))
    pythagoras = place.nll + likelihood.kl_from_logs(log_random, place.log_estep)

    def objective(epsilon: float) -> float:
        return transport.objective(np.exp(log_random), place.cost, a, weights, epsilon)

    return [
        record(
            "M",
            "A1 value",
            difference(solved.value, place.nll),
            state="random",
            left="transport.solve_sample(semirelaxed)",
            right="reference.likelihood.negative_log_likelihood",
            control={"epsilon 1.01": difference(warm.value, place.nll)},
        ),
        record(
            "M",
            "A1 value",
            difference(own, place.nll),
            state="random",
            left="fitting.log_likelihood",
            right="reference.likelihood.negative_log_likelihood",
        ),
        record(
            "M",
            "A1 POT",
            max(_distance(solved.plan, peer.plan), difference(solved.value, peer.value)),
            state="random",
            left="transport.solve_sample(semirelaxed): plan and value",
            right="reference.pot.pot_semirelaxed (ot.unbalanced.sinkhorn_unbalanced)",
            control={"uniform weights": _distance(a[:, None] * rows, peer.plan)},
        ),
        record(
            "M",
            "A2 random plan",
            difference(objective(1.0), pythagoras),
            state="random",
            left="transport.objective at a plan with Dirichlet rows",
            right="reference.likelihood: NLL + KL(P | P*)",
            control={"epsilon 1.01": difference(objective(_WARM), pythagoras)},
        ),
    ]


def _weights(place: _Place, balanced: transport.TransportResult) -> list[dict[str, Any]]:
    """B1; the mistake is to leave the weights where they are."""
    minimum = reference_weights.minimise_likelihood(place.reference_cost, place.a, place.weights)
    free = transport.minimise_over_weights(place.cost, place.a, place.weights, tol=_TOL)
    return [
        record(
            "M",
            "B1 minimum",
            difference(free.value, minimum.value),
            state="random",
            left="transport.minimise_over_weights",
            right="reference.weights.minimise_likelihood",
            control={"fixed weights": difference(balanced.value, minimum.value)},
        )
    ]


def _gap(place: _Place, balanced: transport.TransportResult) -> list[dict[str, Any]]:
    """C1 and C4; the mistakes are the divergence of the marginals, and transport to pi."""
    case, a, weights, estep = place.case, place.a, place.weights, place.estep
    coupling = sinkhorn.semidual(place.reference_cost, a, weights)
    projection = sinkhorn.projection_divergence(coupling, place.reference_cost, a, weights)
    pihat = estep.sum(axis=0)
    gap = balanced.value + fitting.log_likelihood(case.sample, case.mixture, case.family)
    size = max(1.0, abs(balanced.value))
    moved = place.solved("balanced", pihat)
    below = place.nll - likelihood.kl_divergence(pihat, weights)
    sides: Sides = {
        "state": "random",
        "left": "transport.solve_sample(balanced) at pihat",
        "right": "reference.likelihood: NLL - KL(pihat | pi), E-step plan",
    }
    return [
        record(
            "M",
            "C1 gap",
            abs(gap - projection) / size,
            state="random",
            left="transport.solve_sample(balanced) + fitting.log_likelihood",
            right="reference.sinkhorn.projection_divergence at reference.sinkhorn.semidual",
            control={"marginals": abs(gap - likelihood.kl_divergence(weights, pihat)) / size},
            notes=f"gap {gap:.3e}",
        ),
        record(
            "M",
            "C4 value",
            difference(moved.value, below),
            control={"at pi": difference(balanced.value, below)},
            **sides,
        ),
        record(
            "M",
            "C4 plan",
            _distance(moved.plan, estep),
            control={"at pi": _distance(balanced.plan, estep)},
            **sides,
        ),
    ]


def _distance(plan: Array, other: Array) -> float:
    """Return the L1 distance of two plans."""
    return float(np.abs(plan - other).sum())


def slopes(case: Case) -> list[dict[str, Any]]:
    """E1 and E2 along a curve of parameters, the reference's plan held fixed; swapped plans err."""
    a, weights = case.sample.weights, case.mixture.weights
    reference_cost = case.reference_cost(case.mixture.parameters)
    estep = likelihood.estep_plan(reference_cost, a, weights)
    balanced = sinkhorn.semidual(reference_cost, a, weights).plan
    moved = {t: case.moved(t * _STEP) for t in (-2, -1, 1, 2)}

    def slope(values: dict[int, Array]) -> Array:
        return (values[-2] - 8.0 * values[-1] + 8.0 * values[1] - values[2]) / (12.0 * _STEP)

    change = slope({t: case.reference_cost(one.parameters) for t, one in moved.items()})
    under_estep, under_balanced = (float(np.sum(plan * change)) for plan in (estep, balanced))
    nll = {
        t: np.array(-fitting.log_likelihood(case.sample, one, case.family))
        for t, one in moved.items()
    }
    value = {
        t: np.array(transport.solve_sample(case.sample, one, case.family, n_threads=1).value)
        for t, one in moved.items()
    }
    return [
        record(
            "M",
            f"{name} slope",
            difference(slope(values), right),
            state="random",
            left=f"differences of {left}",
            right=f"<{plan}, dC>, costs of reference.more_densities",
            control={"the other plan": difference(slope(values), wrong)},
        )
        for name, values, left, plan, right, wrong in (
            ("E1", nll, "fitting.log_likelihood", "P*", under_estep, under_balanced),
            ("E2", value, "transport.solve_sample", "P_OT", under_balanced, under_estep),
        )
    ]
