"""F2: of which model the tempered objective is the likelihood, and when it is one at all.

With Z_k = int p_k^(1/eps), the densities q_k = p_k^(1/eps) / Z_k and weights w_k ~ pi_k Z_k,

    L_eps = eps NLL(w, q) - eps log sum_k pi_k Z_k.

Left, the library's value at eps. Right, the reference's likelihood of the mixture (w, q): of
Gaussians N(mu_k, eps Sigma_k), with log Z_k in closed form, and of Poisson components to a power
(Conway and Maxwell's distribution), whose Z_k is summed. Z_k itself is held against a sum over a
grid of the library's densities.

Only where Z_k is the same for all parameters is the last term a constant. So it is for a kernel of
known covariance, whose tempered fit is the untempered one of a kernel eps times as wide, iterate by
iterate; with free covariances it is not.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logsumexp

from mixot import fitting, transport
from mixot.evidence.records import Sides, difference, record
from mixot.experiments._powers import covariances_of, log_normalisers, nodes, tempered_likelihood
from mixot.experiments._tempered import SETTINGS, Setting, settings
from mixot.experiments.outcome import Outcome, at
from mixot.families.gaussian import make
from mixot.reference import em
from mixot.streams import stream
from mixot.types import Array, Mixture

NAME = "tempered_model"


@dataclass(frozen=True)
class Options:
    """problems: settings of `_tempered`; draws: of parameters; n_iter: iterates compared."""

    problems: tuple[str, ...] = SETTINGS
    n_samples: int = 150
    epsilons: tuple[float, ...] = (0.3, 0.5, 2.0, 5.0)
    draws: int = 5
    n_iter: int = 20


def run(options: Options) -> Outcome:
    """Hold the relation in every setting, and look for the parameters in its last term."""
    found = []
    for setting in settings(NAME, options.problems, options.n_samples):
        for epsilon in options.epsilons:
            records = [_relation(setting, epsilon)]
            if setting.location == "rates" or setting.sample.points.shape[1] <= 2:
                records.append(_normaliser(setting, epsilon))
            if setting.location == "means":
                records += _constant(setting, epsilon, options.draws)
                records.append(_wider_kernel(setting, epsilon, options.n_iter))
            found += at(setting.name, setting.family.name, records)
    return Outcome(tuple(found))


def _relation(setting: Setting, epsilon: float) -> dict[str, object]:
    value = _value(setting, setting.mixture, epsilon)
    nll = tempered_likelihood(setting, setting.mixture, epsilon)
    logs = log_normalisers(setting, setting.mixture.parameters, epsilon)
    extra = epsilon * float(logsumexp(np.log(setting.weights) + logs))
    return record(
        "F2",
        "relation",
        difference(value, epsilon * nll - extra),
        epsilon=epsilon,
        control={"no last term": difference(value, epsilon * nll)},
        state=f"epsilon {epsilon:g}",
        left="transport.solve(semirelaxed) at epsilon",
        right="reference.likelihood.negative_log_likelihood of the powers, normalised",
    )


def _normaliser(setting: Setting, epsilon: float) -> dict[str, object]:
    """Compare the formula of log Z with the sum of the library's densities over a grid."""
    parameters = setting.mixture.parameters
    grid, log_cell = nodes(setting, epsilon)
    summed = logsumexp(setting.family.log_density(grid, parameters) / epsilon, axis=0) + log_cell
    logs = log_normalisers(setting, parameters, epsilon)
    return record(
        "F2",
        "normaliser",
        difference(summed, logs),
        epsilon=epsilon,
        control={"density itself": difference(summed, np.zeros_like(logs))},
        state=f"epsilon {epsilon:g}",
        left="family.log_density over a grid, summed",
        right="log Z by its formula",
    )


def _constant(setting: Setting, epsilon: float, draws: int) -> list[dict[str, object]]:
    """Measure by how much L_eps - eps NLL varies with the parameters, kernel known and free."""
    rng = stream("experiment", NAME, "parameters", setting.name, round(1000 * epsilon))
    known = replace(setting, family=make("known", covariance=_one_covariance(setting)))
    free = replace(setting, family=make("full"))
    rests: dict[str, list[float]] = {"known": [], "free": []}
    for _ in range(draws):
        mixture = _drawn(setting, rng)
        for name, one in (("known", known), ("free", free)):
            kept = {"means": mixture.parameters["means"]} if name == "known" else mixture.parameters
            moved = Mixture(mixture.weights, kept)
            value = _value(one, moved, epsilon)
            rests[name].append(value - epsilon * tempered_likelihood(one, moved, epsilon))
    spreads = {name: float(np.ptp(rest)) for name, rest in rests.items()}
    sides = Sides(
        state=f"epsilon {epsilon:g}",
        left="transport.solve less epsilon x NLL(w, q), over draws of the parameters",
        right="a constant",
    )
    return [
        record(
            "F2",
            "variation, known kernel",
            spreads["known"],
            epsilon=epsilon,
            control={"free covariances": spreads["free"]},
            **sides,
        ),
        record("F2", "variation, free covariances", spreads["free"], epsilon=epsilon, **sides),
    ]


def _wider_kernel(setting: Setting, epsilon: float, n_iter: int) -> dict[str, object]:
    """Compare a tempered fit with EM at temperature 1 for a kernel epsilon times as wide."""
    covariance = _one_covariance(setting)
    means = np.asarray(setting.mixture.parameters["means"])
    start = Mixture(setting.weights, {"means": means})
    fits = {
        "known": (make("known", covariance=covariance), start),
        "free": (
            make("tied"),
            replace(start, parameters={"means": means, "covariances": covariance}),
        ),
    }
    wider = em.em_path(
        "gaussian-known",
        setting.sample.points,
        setting.a,
        setting.weights,
        {"means": means},
        n_iter,
        covariance=epsilon * covariance,
    )
    expected = np.stack([iterate.parameters["means"] for iterate in wider])
    apart = {}
    for name, (family, begin) in fits.items():
        trace = fitting.fit(
            setting.sample,
            begin,
            family,
            epsilon=epsilon,
            stop=lambda objectives, certificate: False,
            max_iter=n_iter,
            n_threads=1,
        ).trace
        path = trace.parameters["means"]
        apart[name] = difference(path, expected[: path.shape[0]])
    return record(
        "F2",
        "iterates",
        apart["known"],
        epsilon=epsilon,
        control={"free covariances": apart["free"]},
        state=f"epsilon {epsilon:g}",
        left="fitting.fit at epsilon, covariance V",
        right="reference.em.em_path at 1, covariance epsilon V",
    )


def _value(setting: Setting, mixture: Mixture, epsilon: float) -> float:
    cost = -setting.family.log_density(setting.sample.points, mixture.parameters)
    solved = transport.solve(cost, setting.a, mixture.weights, epsilon, relaxation="semirelaxed")
    return solved.value


def _one_covariance(setting: Setting) -> Array:
    """Return the first component's covariance (d, d)."""
    return covariances_of(setting, setting.mixture.parameters)[0]


def _drawn(setting: Setting, rng: np.random.Generator) -> Mixture:
    """Return a mixture with other weights, means and full covariances."""
    covariances = covariances_of(setting, setting.mixture.parameters)
    n_components, d = covariances.shape[:2]
    factors = np.linalg.cholesky(covariances) @ (
        np.eye(d) + 0.3 * np.tril(rng.normal(size=(n_components, d, d)))
    )
    factors = factors * rng.uniform(0.7, 1.4, size=(n_components, 1, 1))
    shift = np.einsum("kij,kj->ki", factors, rng.normal(size=(n_components, d)))
    parameters = {
        "means": np.asarray(setting.mixture.parameters["means"]) + 0.5 * shift,
        "covariances": factors @ np.swapaxes(factors, -1, -2),
    }
    return Mixture(rng.dirichlet(np.full(n_components, 3.0)), parameters)
