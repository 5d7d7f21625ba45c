"""EM for the families of `more_densities`, and the balance of its steps.

The M-steps are the root finds of `more_m_steps`; the terms of the energy balance of `em` are formed
one by one here too.  A scale mixture such as Student's t completes the data once more, by a gamma
variable u given the component; its drop of the expected costs then has two parts (own derivation),
that of the complete laws and that of the conditional laws of u,

    sum_ik P_ik (C_ik - C'_ik) = sum_k b_k (KL(p'_k(x, u) | p_k(x, u)) + (w_k - 1) q_k)
                                 + sum_ik P_ik KL(p_k(u | x_i) | p'_k(u | x_i)),

with q_k = (mu'_k - mu_k)' S_k^-1 (mu'_k - mu_k) / 2 and w_k the average of E(u | x) under P.  The
middle term is there because the complete laws are a curved exponential family: their E u is 1
whatever the parameters, and that of the data need not be.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import scipy.integrate
from scipy.special import digamma, gammaln

from . import em, likelihood, more_densities
from .em import Iterate
from .more_m_steps import m_step, squares
from .parameters import Array, Parameters


class Balance(NamedTuple):
    """The drop of the likelihood in one step, and the terms that must add up to it.

    `expected_costs` is sum_ik P_ik (C_ik - C'_ik); `components` is sum_k b_k KL(p'_k | p_k).  For
    scale mixtures the latter is that of the complete laws, `curvature` is sum_k b_k (w_k - 1) q_k,
    and the conditional laws of u leave `scales`.
    """

    drop: float
    plan: float
    weights: float
    expected_costs: float
    components: float
    curvature: float
    scales: float


def em_path(
    family_name: str,
    points: Array,
    sample_weights: Array,
    weights: Array,
    parameters: Parameters,
    n_iter: int,
    **options: Any,
) -> list[Iterate]:
    """Return the n_iter + 1 iterates of EM from a start, the start first.

    points (n, d), sample_weights (n,) summing to one, weights (K,); options as in
    `more_densities.log_densities`.
    """
    path = []
    for t in range(n_iter + 1):
        cost = more_densities.costs(family_name, points, parameters, **options)
        value = likelihood.negative_log_likelihood(cost, sample_weights, weights)
        path.append(Iterate(weights, parameters, value))
        if t < n_iter:
            plan = likelihood.estep_plan(cost, sample_weights, weights)
            parameters = m_step(family_name, points, plan, parameters, **options)
            weights = plan.sum(axis=0)
    return path


def component_kl(family_name: str, new: Parameters, old: Parameters, **options: Any) -> Array:
    """Return KL(p_new,k | p_old,k), shape (K,); of the complete laws for a Student t.

    Sums over the values of discrete laws, closed forms of gamma laws, quadrature over the angle
    for directions; a multinomial has the mean total `trials` of the new component.
    """
    if family_name == "product":
        parts = []
        for b, (name, _, own) in enumerate(options["blocks"]):
            pair = (more_densities.block_parameters(each, b) for each in (new, old))
            parts.append(component_kl(name, *pair, **own))
        return np.asarray(np.sum(parts, axis=0))
    kind, _, shape = family_name.partition("-")
    if kind in ("gaussian", "poisson"):
        return em.component_kl(family_name, new, old, options.get("covariance"))
    if kind == "student_t":
        total = em.component_kl(f"gaussian-{shape}", new, old)
        half_new, half_old = (
            more_densities.degrees_of_freedom(each, options.get("df")) / 2 for each in (new, old)
        )
        return np.asarray(total + gamma_kl(half_new, half_new, half_old, half_old))
    if kind == "exponential":
        one = np.ones(new["rates"].shape)
        return np.asarray(gamma_kl(one, new["rates"], one, old["rates"]).sum(axis=1))
    if kind == "gamma":
        laws = (new["shapes"], new["rates"], old["shapes"], old["rates"])
        return np.asarray(gamma_kl(*laws).sum(axis=1))
    if kind == "von_mises_fisher":
        return _direction_kl(new, old)
    after, before = new["probabilities"], old["probabilities"]
    if kind == "bernoulli":
        after, before = (np.stack([p, 1 - p], axis=-1) for p in (after, before))
    values = [likelihood.kl_divergence(p, q) for p, q in zip(after, before, strict=True)]
    return np.array(values) * new["trials"] if kind == "multinomial" else np.array(values)


def balance(
    family_name: str,
    points: Array,
    sample_weights: Array,
    before: Iterate,
    after: Iterate,
    **options: Any,
) -> Balance:
    """Return the drop between two consecutive iterates and its terms, plans formed in full."""
    log_a = np.log(sample_weights)[:, None]
    log_plans, costs = [], []
    for iterate in (before, after):
        cost = more_densities.costs(family_name, points, iterate.parameters, **options)
        log_plans.append(log_a + likelihood.log_responsibilities(cost, iterate.weights))
        costs.append(cost)
    values = [
        likelihood.negative_log_likelihood(cost, sample_weights, iterate.weights)
        for cost, iterate in zip(costs, (before, after), strict=True)
    ]
    plan = np.exp(log_plans[0])
    divergences = component_kl(family_name, after.parameters, before.parameters, **options)
    curvature, scales = _scales(
        family_name, points, plan, before.parameters, after.parameters, **options
    )
    return Balance(
        drop=values[0] - values[1],
        plan=likelihood.kl_from_logs(*log_plans),
        weights=likelihood.kl_divergence(after.weights, before.weights),
        expected_costs=math.fsum((plan * (costs[0] - costs[1])).ravel().tolist()),
        components=math.fsum((plan.sum(axis=0) * divergences).tolist()),
        curvature=curvature,
        scales=scales,
    )


def gamma_kl(shape: Array, rate: Array, shape_old: Array, rate_old: Array) -> Array:
    """Return KL of gamma laws, elementwise, by its closed form."""
    return np.asarray(
        (shape - shape_old) * digamma(shape)
        - gammaln(shape)
        + gammaln(shape_old)
        + shape_old * (np.log(rate) - np.log(rate_old))
        + shape * (rate_old - rate) / rate
    )


def _scales(
    family_name: str,
    points: Array,
    plan: Array,
    before: Parameters,
    after: Parameters,
    **options: Any,
) -> tuple[float, float]:
    """Return sum_k b_k (w_k - 1) q_k and sum_ik P_ik KL(p_k(u | x_i) | p'_k(u | x_i)).

    Both are 0 for families without scales.
    """
    if family_name == "product":
        parts = [
            _scales(
                name,
                points[:, list(columns)],
                plan,
                more_densities.block_parameters(before, b),
                more_densities.block_parameters(after, b),
                **own,
            )
            for b, (name, columns, own) in enumerate(options["blocks"])
        ]
        return math.fsum(one for one, _ in parts), math.fsum(other for _, other in parts)
    kind, _, shape = family_name.partition("-")
    if kind != "student_t":
        return 0.0, 0.0
    laws: list[Array] = []
    for parameters in (before, after):
        df = more_densities.degrees_of_freedom(parameters, options.get("df"))
        lengths = squares(points, parameters, shape)
        laws += [np.broadcast_to((df + points.shape[1]) / 2, lengths.shape), (df + lengths) / 2]
    # A row of squares at the new means is the lengths of the moves.
    moves = np.diagonal(squares(after["means"], before, shape)) / 2
    excess = np.sum(plan * (laws[0] / laws[1] - 1), axis=0)
    return math.fsum((excess * moves).tolist()), math.fsum(
        (plan * gamma_kl(*laws)).ravel().tolist()
    )


def _direction_kl(new: Parameters, old: Parameters) -> Array:
    """Return KL of von Mises-Fisher laws, by quadrature over the angle to the new direction.

    With t the cosine, log p' - log p is linear in x, and E x = E[t] mu'.
    """
    values = []
    for k in range(new["directions"].shape[0]):
        size = new["directions"].shape[1]
        one, other = float(new["concentrations"][k]), float(old["concentrations"][k])

        def integral(c: float, power: int, size: int = size) -> float:
            def integrand(angle: float) -> float:
                t = math.cos(angle)
                return t**power * math.exp(c * (t - 1)) * math.sin(angle) ** (size - 2)

            found = scipy.integrate.quad(integrand, 0, math.pi, epsabs=0, epsrel=1e-13, limit=200)
            return float(found[0])

        mass = integral(one, 0)
        cosine = integral(one, 1) / mass
        # The integrals leave out e^c.
        log_ratio = math.log(integral(other, 0)) + other - math.log(mass) - one
        along = float(new["directions"][k] @ old["directions"][k])
        values.append(log_ratio + cosine * (one - other * along))
    return np.array(values)
