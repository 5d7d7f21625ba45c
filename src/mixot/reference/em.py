"""EM written for reading: natural-domain responsibilities and loops over components.

One iteration at temperature epsilon, from (pi, theta) (theory D1; EM itself at epsilon 1):

    P = P*(pi, theta) or the balanced plan,      b = P'1,
    pi' = b where weights are free,              theta'_k = argmin sum_i P_ik C_ik(theta_k).

The drop of the objective is an energy balance of three terms (D2, D6),

    F_t - F_{t+1} = eps KL(P_t | P_{t+1}) + eps KL(pi_{t+1} | pi_t)
                    + sum_k b_k KL(p_{theta_{t+1,k}} | p_{theta_{t,k}}),

each measured here on its own; the weights term is absent when pi is fixed.
"""

import math
from typing import NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike

from . import densities, likelihood, sinkhorn
from .parameters import Array, Parameters, covariance_type, full_covariances


class Iterate(NamedTuple):
    """Weights (K,), parameters and the objective there, after 0, 1, 2, ... iterations."""

    weights: Array
    parameters: Parameters
    objective: float


class EnergyBalance(NamedTuple):
    """The drop F_t - F_{t+1} and the three terms it must equal, already scaled by epsilon."""

    drop: float
    plan_kl: float
    weights_kl: float
    components_kl: float

    @property
    def residual(self) -> float:
        """Return the drop minus the three terms: zero in exact arithmetic."""
        return math.fsum([self.drop, -self.plan_kl, -self.weights_kl, -self.components_kl])


def em_path(
    family_name: str,
    points: Array,
    sample_weights: Array,
    weights: Array,
    parameters: Parameters,
    n_iter: int,
    *,
    epsilon: float = 1.0,
    weights_free: bool = True,
    plan: str = "semirelaxed",
    covariance: ArrayLike | None = None,
) -> list[Iterate]:
    """Return the n_iter + 1 iterates from a start, the start first.

    points (n, d), sample_weights (n,) summing to one, weights (K,).  `plan` is `semirelaxed`,
    or `balanced` (Sinkhorn EM: then weights must be fixed, since b = pi).  Raises ValueError
    for that misuse and LinAlgError where a covariance is no longer positive definite.
    """
    if plan == "balanced" and weights_free:
        raise ValueError("the balanced plan cannot move free weights (D7); fix them")
    path = []
    for t in range(n_iter + 1):
        cost = densities.costs(family_name, points, parameters, covariance=covariance)
        log_plan, value = log_plan_and_value(cost, sample_weights, weights, epsilon, plan)
        path.append(Iterate(weights, parameters, value))
        if t < n_iter:
            coupling = np.exp(log_plan)
            parameters = m_step(family_name, points, coupling)
            weights = coupling.sum(axis=0) if weights_free else weights
    return path


def log_plan_and_value(
    cost: Array, sample_weights: Array, weights: Array, epsilon: float, plan: str
) -> tuple[Array, float]:
    """Return log P (n, K) and F at P, for the `semirelaxed` or the `balanced` plan."""
    if plan == "semirelaxed":
        logs = likelihood.log_responsibilities(cost, weights, epsilon)
        value = likelihood.negative_log_likelihood(cost, sample_weights, weights, epsilon)
        return np.log(sample_weights)[:, None] + logs, value
    if plan == "balanced":
        solved = sinkhorn.semidual(cost, sample_weights, weights, epsilon)
        return solved.log_plan, solved.value
    raise ValueError(f"plan must be semirelaxed or balanced, got {plan!r}")


def m_step(family_name: str, points: Array, plan: Array) -> Parameters:
    """Return argmin over theta of sum_ik P_ik C_ik(theta_k), component by component (D1).

    Weighted means, and covariances about the *new* means; pooled by mass for `tied`.
    """
    kind = covariance_type(family_name)
    masses = plan.sum(axis=0)
    centres = np.stack([plan[:, k] @ points / masses[k] for k in range(plan.shape[1])])
    if kind is None:
        return {"rates": centres}
    if kind == "known":
        return {"means": centres}
    scatters = [
        sum_of_squares(points - centres[k], plan[:, k]) / masses[k] for k in range(plan.shape[1])
    ]
    if kind == "full":
        covariances = np.stack(scatters)
    elif kind == "tied":
        covariances = (
            np.asarray(sum(mass * scatter for mass, scatter in zip(masses, scatters, strict=True)))
            / masses.sum()
        )
    elif kind == "diag":
        covariances = np.stack([np.diag(scatter) for scatter in scatters])
    else:
        covariances = np.array([np.trace(scatter) / points.shape[1] for scatter in scatters])
    return {"means": centres, "covariances": covariances}


def sum_of_squares(centred: Array, masses: Array) -> Array:
    """Return sum_i w_i y_i y_i' (d, d) for rows y_i of centred (n, d), symmetric exactly."""
    product = centred.T @ (centred * masses[:, None])
    return (product + product.T) / 2


def component_kl(
    family_name: str, new: Parameters, old: Parameters, covariance: ArrayLike | None = None
) -> Array:
    """Return KL(p_new,k | p_old,k) of each component, shape (K,), in closed form.

    Gaussian: (tr(S^-1 S') - d - log det(S^-1 S') + (m' - m)' S^-1 (m' - m)) / 2, the first
    three terms summed over the eigenvalues s of S^-1 S' as s - 1 - log s.
    Poisson: sum_j l' log(l'/l) - l' + l.
    """
    kind = covariance_type(family_name)
    if kind is None:
        return np.array(
            [
                likelihood.kl_divergence(after, before)
                for after, before in zip(new["rates"], old["rates"], strict=True)
            ]
        )
    shape = new["means"].shape
    after = full_covariances(new, kind, shape[0], shape[1], known=covariance)
    before = full_covariances(old, kind, shape[0], shape[1], known=covariance)
    values = []
    for k in range(shape[0]):
        shift = new["means"][k] - old["means"][k]
        # Both spectra ascend together.  The first keeps the digits of a small step, the second
        # those of a covariance that shrinks to nothing.
        excesses = scipy.linalg.eigh(after[k] - before[k], before[k], eigvals_only=True)
        ratios = scipy.linalg.eigh(after[k], before[k], eigvals_only=True)
        volume = math.fsum(
            e - math.log1p(e) if abs(e) < 0.5 else s - 1 - math.log(s)
            for e, s in zip(excesses.tolist(), ratios.tolist(), strict=True)
        )
        values.append((volume + shift @ np.linalg.solve(before[k], shift)) / 2)
    return np.array(values)


def energy_balance(
    family_name: str,
    points: Array,
    sample_weights: Array,
    before: Iterate,
    after: Iterate,
    *,
    epsilon: float = 1.0,
    plan: str = "semirelaxed",
    covariance: ArrayLike | None = None,
) -> EnergyBalance:
    """Return the drop between two consecutive iterates and its three terms (D2, D6).

    Both plans are formed in full, (n, K), and compared entry by entry.
    """
    log_plans, values = [], []
    for iterate in (before, after):
        cost = densities.costs(family_name, points, iterate.parameters, covariance=covariance)
        logs, value = log_plan_and_value(cost, sample_weights, iterate.weights, epsilon, plan)
        log_plans.append(logs)
        values.append(value)
    masses = np.exp(log_plans[0]).sum(axis=0)
    divergences = component_kl(family_name, after.parameters, before.parameters, covariance)
    return EnergyBalance(
        drop=values[0] - values[1],
        plan_kl=epsilon * likelihood.kl_from_logs(log_plans[0], log_plans[1]),
        weights_kl=epsilon * likelihood.kl_divergence(after.weights, before.weights),
        components_kl=math.fsum((masses * divergences).tolist()),
    )
