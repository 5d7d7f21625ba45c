"""Likelihood, E-step and objective from a cost matrix, summed exactly and without logsumexp.

With C (n, K), a (n,), pi (K,), epsilon (theory sec. 1, A1, A2, F, N1):

    r_ik = pi_k e^{-C_ik / eps} / sum_l pi_l e^{-C_il / eps},     P*_ik = a_i r_ik,
    L_eps = -eps sum_i a_i log sum_k pi_k e^{-C_ik / eps}         (= NLL at eps = 1),
    F(P, pi) = <C, P> + eps KL(P | a x pi),
    KL(P | Q) = sum P log(P / Q) - P + Q.

Densities are handled in the natural domain after dividing each row by its largest: the row's
smallest cost is taken out and put back, which changes neither ratio nor value and keeps
e^{-C} in range.  Every sum over samples is `math.fsum`, correctly rounded.
"""

import math

import numpy as np

from .parameters import Array


def scaled_densities(cost: Array, weights: Array, epsilon: float = 1.0) -> tuple[Array, Array]:
    """Return pi_k e^{-(C_ik - c_i) / eps} of shape (n, K) and the row minima c_i (n,).

    The minimum is over components of positive weight; an empty one contributes zeros.
    """
    alive = weights > 0
    smallest = cost[:, alive].min(axis=1)
    scaled = np.zeros_like(cost)
    scaled[:, alive] = weights[alive] * np.exp(-(cost[:, alive] - smallest[:, None]) / epsilon)
    return scaled, smallest


def negative_log_likelihood(
    cost: Array, sample_weights: Array, weights: Array, epsilon: float = 1.0
) -> float:
    """Return L_eps, the weighted mean negative log-likelihood at epsilon 1 (A1, F)."""
    scaled, smallest = scaled_densities(cost, weights, epsilon)
    return math.fsum(
        a * (c - epsilon * math.log(math.fsum(row)))
        for a, c, row in zip(
            sample_weights.tolist(), smallest.tolist(), scaled.tolist(), strict=True
        )
    )


def extended_negative_log_likelihood(
    cost: np.ndarray, sample_weights: Array, weights: Array, epsilon: float = 1.0
) -> np.longdouble:
    """Return L_eps with every operation in long double, for costs that may be long double."""
    cost = np.asarray(cost, dtype=np.longdouble)
    a = np.asarray(sample_weights, dtype=np.longdouble)
    alive = np.asarray(weights) > 0
    log_weights = np.log(np.asarray(weights, dtype=np.longdouble)[alive])
    temperature = np.longdouble(epsilon)
    exponents = log_weights - cost[:, alive] / temperature
    largest = exponents.max(axis=1)
    log_sums = largest + np.log(np.exp(exponents - largest[:, None]).sum(axis=1))
    return np.longdouble(-temperature * np.sum(a * log_sums) / np.sum(a))


def responsibilities(cost: Array, weights: Array, epsilon: float = 1.0) -> Array:
    """Return r_ik (n, K), rows summing to one; the tempered rule pi_k p_ik^{1/eps} (F7)."""
    scaled, _ = scaled_densities(cost, weights, epsilon)
    return scaled / scaled.sum(axis=1, keepdims=True)


def log_responsibilities(cost: Array, weights: Array, epsilon: float = 1.0) -> Array:
    """Return log r_ik (n, K), exact where r_ik itself underflows; -inf where pi_k = 0."""
    scaled, smallest = scaled_densities(cost, weights, epsilon)
    log_weights = np.full(weights.shape, -np.inf)
    log_weights[weights > 0] = np.log(weights[weights > 0])
    exponents = log_weights - (cost - smallest[:, None]) / epsilon
    return exponents - np.log(scaled.sum(axis=1, keepdims=True))


def estep_plan(cost: Array, sample_weights: Array, weights: Array, epsilon: float = 1.0) -> Array:
    """Return P* = a_i r_ik (n, K), the minimiser of F over plans with row sums a (A1)."""
    return sample_weights[:, None] * responsibilities(cost, weights, epsilon)


def kl_divergence(p: Array, q: Array) -> float:
    """Return the generalised KL(p | q) of two arrays of one shape, entry by entry.

    0 log 0 = 0; infinite where q = 0 < p.
    """
    terms = []
    for x, y in zip(np.ravel(p).tolist(), np.ravel(q).tolist(), strict=True):
        if x == 0:
            terms.append(y)
        elif y == 0:
            return math.inf
        else:
            # Near x = y the three terms cancel; log1p of the relative difference does not.
            relative = (y - x) / x
            near = abs(relative) < 0.5
            log_ratio = -math.log1p(relative) if near else math.log(x) - math.log(y)
            terms.append(x * (relative + log_ratio) if near else x * log_ratio - x + y)
    return math.fsum(terms)


def kl_from_logs(log_p: Array, log_q: Array) -> float:
    """Return the generalised KL from logarithms, for plans with entries below 1e-308."""
    terms = []
    for s, t in zip(np.ravel(log_p).tolist(), np.ravel(log_q).tolist(), strict=True):
        if s == -math.inf:
            terms.append(math.exp(t))
        elif t == -math.inf:
            return math.inf
        elif abs(t - s) < 1:
            terms.append(math.exp(s) * (math.expm1(t - s) - (t - s)))
        else:
            terms.append(math.exp(s) * (s - t - 1) + math.exp(t))
    return math.fsum(terms)


def objective(
    plan: Array, cost: Array, sample_weights: Array, weights: Array, epsilon: float = 1.0
) -> float:
    """Return F(P, pi, theta) = <C, P> + eps KL(P | a x pi) (theory sec. 1).

    An entry of the plan that is zero costs nothing, whatever its cost (even infinite).
    """
    linear = math.fsum(
        p * c for p, c in zip(plan.ravel().tolist(), cost.ravel().tolist(), strict=True) if p > 0
    )
    return linear + epsilon * kl_divergence(plan, np.outer(sample_weights, weights))


def entropy(probabilities: Array) -> float:
    """Return H(p) = -sum p log p of an array of non-negative numbers."""
    return -math.fsum(p * math.log(p) for p in np.ravel(probabilities).tolist() if p > 0)


def mutual_information(plan: Array) -> float:
    """Return I(P) = KL(P | P1 x P'1), the entropic term left after minimising over pi (B1)."""
    return kl_divergence(plan, np.outer(plan.sum(axis=1), plan.sum(axis=0)))
