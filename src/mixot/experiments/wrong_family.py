"""M2: what remains true where the family is wrong, and what does not.

Gaussians are fitted to clusters with the tails of a Student t, Poisson laws to overdispersed counts
(`_pseudo_truth`). The equivalence, the balanced gap, the energy balance and the descent do not ask
whether the model is right: left the library, right the references. The estimate does: left, fits of
the library to replicated samples; right, the truth of the clusters and the minimiser of the
divergence from the population, and the coverage that the two covariances predict.

Parameters are compared in coordinates: the logit of the weight, means in units of a cluster's
deviation, and logarithms of deviations or rates.

Series, with the problems by name along the first axis: `problems`; `sizes`; `error to truth`,
`error to pseudo-truth` and `error of the right family` (problems x sizes), root mean squares over
replicates and coordinates; `bias of pseudo-truth` (problems,); `coverage` (problems x sizes x 3) of
the pseudo-true parameters by the model's information and by the sandwich, and of the true ones by
the model's.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import numpy as np

from mixot import fitting, transport
from mixot.evidence.records import difference, record
from mixot.experiments import _pseudo_truth as model
from mixot.experiments._pseudo_truth import Clusters
from mixot.experiments.outcome import Outcome, at
from mixot.families.base import Family
from mixot.reference import densities, em, likelihood, sinkhorn
from mixot.streams import stream
from mixot.transport.request import Relaxation
from mixot.types import Array, Mixture, Sample

NAME = "wrong_family"
_LEVEL = 0.95
_NORMAL = NormalDist()
_QUANTILE = _NORMAL.inv_cdf(0.5 + _LEVEL / 2.0)
# Iterations along which the energy balance is recomputed.
_STEPS = 10
# Fits to replicates end this near to their limit, far below the error of any sample.
_TOL = 1e-5


@dataclass(frozen=True)
class Options:
    """tails, dispersions: degrees of freedom and sizes of the clusters, one problem each.

    n_samples: of the sample on which the equivalence is examined; sizes, replicates: of the fits.
    """

    tails: tuple[float, ...] = (5.0, 7.0, 10.0)
    dispersions: tuple[float, ...] = (3.0, 6.0, 20.0)
    n_samples: int = 400
    sizes: tuple[int, ...] = (250, 1000, 4000, 16000, 64000)
    replicates: int = 120


@dataclass(frozen=True, slots=True)
class _Estimates:
    """Coordinates (R, p) estimated at one size by either family, and half-widths of intervals."""

    wrong: Array
    right: Array
    by_model: Array
    by_sandwich: Array


def run(options: Options) -> Outcome:
    """Examine every population."""
    problems = [Clusters(True, df) for df in options.tails]
    problems += [Clusters(False, size) for size in options.dispersions]
    found = []
    errors = np.empty((3, len(problems), len(options.sizes)))
    coverage = np.empty((len(problems), len(options.sizes), 3))
    biases = np.empty(len(problems))
    for row, clusters in enumerate(problems):
        best = model.pseudo_truth(clusters)
        truth, projected = model.coordinates(clusters.truth), model.coordinates(best)
        biases[row] = _root_mean_square((projected - truth) / clusters.units)
        records = [*_equivalence(clusters, options.n_samples), _projection(clusters, best)]
        for column, size in enumerate(options.sizes):
            made = _estimates(clusters, size, options.replicates)
            apart = (made.wrong - truth, made.wrong - projected, made.right - truth)
            errors[:, row, column] = [_root_mean_square(each / clusters.units) for each in apart]
            coverage[row, column] = [
                float(np.mean(np.abs(error) <= width))
                for error, width in (
                    (apart[1], made.by_model),
                    (apart[1], made.by_sandwich),
                    (apart[0], made.by_model),
                )
            ]
            records += _statistics(size, apart, coverage[row, column])
        records.append(_predicted(clusters, projected, options.sizes[-1], coverage[row, -1]))
        found += at(clusters.name, clusters.wrong.name, records)
    series = {
        "problems": np.array([clusters.name for clusters in problems]),
        "sizes": np.array(options.sizes),
        "error to truth": errors[0],
        "error to pseudo-truth": errors[1],
        "error of the right family": errors[2],
        "bias of pseudo-truth": biases,
        "coverage": coverage,
    }
    return Outcome(tuple(found), series)


def _root_mean_square(errors: Array) -> float:
    return float(np.sqrt(np.mean(errors**2)))


def _equivalence(clusters: Clusters, n_samples: int) -> list[dict[str, Any]]:
    """A1, C1, D2 and D3 on one sample, from weights and parameters beside the truth."""
    rng = stream("experiment", NAME, "sample", clusters.name)
    sample, family = clusters.draw(n_samples, rng), clusters.wrong
    mixture = Mixture(rng.dirichlet(np.full(2, 5.0)), clusters.truth.parameters)
    a, weights = sample.weights, mixture.weights
    cost = densities.costs(family.name, sample.points, dict(mixture.parameters))
    nll = likelihood.negative_log_likelihood(cost, a, weights)
    pihat = likelihood.estep_plan(cost, a, weights).sum(axis=0)
    coupling = sinkhorn.semidual(cost, a, weights)
    projection = sinkhorn.projection_divergence(coupling, cost, a, weights)

    def value(relaxation: Relaxation, epsilon: float = 1.0) -> float:
        return transport.solve_sample(
            sample, mixture, family, epsilon=epsilon, relaxation=relaxation, n_threads=1
        ).value

    balanced = value("balanced")
    gap = balanced + fitting.log_likelihood(sample, mixture, family)
    marginals = likelihood.kl_divergence(weights, pihat)
    size = max(1.0, abs(balanced))
    return [
        record(
            "M2",
            "A1 value",
            difference(value("semirelaxed"), nll),
            state="beside the truth",
            left="transport.solve_sample(semirelaxed)",
            right="reference.likelihood.negative_log_likelihood",
            control={"epsilon 1.01": difference(value("semirelaxed", 1.01), nll)},
        ),
        record(
            "M2",
            "C1 gap",
            abs(gap - projection) / size,
            state="beside the truth",
            left="transport.solve_sample(balanced) + fitting.log_likelihood",
            right="reference.sinkhorn.projection_divergence",
            control={"marginals": abs(gap - marginals) / size},
        ),
        *_descent(sample, mixture, family),
    ]


def _descent(sample: Sample, mixture: Mixture, family: Family) -> list[dict[str, Any]]:
    """D2 along the first steps of a fit, and D3 along all of it."""
    fit = fitting.fit(sample, mixture, family, tol=_TOL, energy=True, n_threads=1)
    trace = fit.trace
    drop = trace.objective[:-1] - trace.objective[1:]
    iterates = [
        em.Iterate(weights, {n: v[t] for n, v in trace.parameters.items()}, math.nan)
        for t, weights in enumerate(trace.weights[: 1 + _STEPS])
    ]
    residuals, mistakes = [], []
    for t, (before, after) in enumerate(pairwise(iterates)):
        terms = em.energy_balance(family.name, sample.points, sample.weights, before, after)
        rest = drop[t] - terms.plan_kl - terms.weights_kl - terms.components_kl
        size = max(1.0, abs(trace.objective[t]))
        residuals.append(abs(rest) / size)
        mistakes.append(abs(rest + terms.weights_kl) / size)
    scale = np.maximum(1.0, np.abs(trace.objective[:-1]))
    state, left = f"iterations 0 to {drop.size}", "fitting.fit: objective"
    return [
        record(
            "M2",
            "D2 balance",
            max(residuals),
            state=state,
            left=left,
            right="reference.em.energy_balance of its first iterates",
            control={"no weights term": max(mistakes)},
        ),
        record(
            "M2",
            "D3 rise",
            max(float(np.max(-drop / scale)), 0.0),
            state=state,
            left=left,
            right="the order of real numbers",
            control={"backwards": float(np.max(drop / scale))},
        ),
    ]


def _projection(clusters: Clusters, best: Mixture) -> dict[str, Any]:
    """Where a fit to the population itself ends; the mistake is to expect the truth."""
    fit = fitting.fit(clusters.population(), clusters.truth, clusters.wrong, tol=1e-10, n_threads=1)
    reached, expected, truth = (
        model.coordinates(each) for each in (fit.mixture, best, clusters.truth)
    )
    return record(
        "M2",
        "pseudo-true value",
        difference(reached, expected),
        state="population",
        left="fitting.fit to the population as a weighted sample",
        right="Newton's method on the population's score",
        control={"the truth": difference(reached, truth)},
        notes=f"bias of the coordinates {np.round(expected - truth, 4).tolist()}",
    )


def _estimates(clusters: Clusters, size: int, replicates: int) -> _Estimates:
    """Fit both families to replicated samples, from the truth."""
    rng = stream("experiment", NAME, "replicates", clusters.name, size)
    found: dict[str, list[Array]] = {name: [] for name in _Estimates.__dataclass_fields__}
    for _ in range(replicates):
        sample = clusters.draw(size, rng)
        theta = model.coordinates(_fitted(sample, clusters.truth, clusters.wrong))
        right = _fitted(sample, clusters.truth_of_right, clusters.right)
        informed = np.linalg.inv(model.model_information(theta))
        robust = model.sandwich(sample.points[:, 0], sample.weights, theta)
        found["wrong"].append(theta)
        found["right"].append(model.coordinates(clusters.from_right(right)))
        found["by_model"].append(_QUANTILE * np.sqrt(np.diagonal(informed) / size))
        found["by_sandwich"].append(_QUANTILE * np.sqrt(np.diagonal(robust) / size))
    return _Estimates(**{name: np.array(values) for name, values in found.items()})


def _fitted(sample: Sample, start: Mixture, family: Family) -> Mixture:
    return fitting.fit(
        sample, start, family, tol=_TOL, acceleration="anderson", n_threads=1
    ).mixture


def _statistics(
    size: int, apart: tuple[Array, Array, Array], covered: Array
) -> list[dict[str, Any]]:
    """Biases in standard errors of the mean over replicates, and what intervals miss."""
    state, left = f"n {size}", "fitting.fit to replicates"
    goals = (
        ("bias against the truth, in standard errors", "true parameters"),
        ("bias against the pseudo-true value, in standard errors", "pseudo-true parameters"),
        ("bias of the right family, in standard errors", "true parameters"),
    )
    found = []
    for (quantity, right), errors in zip(goals, apart, strict=True):
        standard = errors.std(axis=0, ddof=1) / np.sqrt(errors.shape[0])
        worst = float(np.max(np.abs(errors.mean(axis=0)) / standard))
        found.append(record("M2", quantity, worst, state=state, left=left, right=right))
    missing = (
        (
            "missing coverage of the pseudo-true value, by the model's information",
            "pseudo-true parameters",
        ),
        ("missing coverage of the pseudo-true value, by the sandwich", "pseudo-true parameters"),
        ("missing coverage of the truth, by the model's information", "true parameters"),
    )
    for (quantity, right), share in zip(missing, covered, strict=True):
        missed = _LEVEL - float(share)
        found.append(record("M2", quantity, missed, state=state, left=left, right=right))
    return found


def _predicted(clusters: Clusters, projected: Array, size: int, covered: Array) -> dict[str, Any]:
    """Compare the coverage by the model's information with what the population predicts."""
    population = clusters.population()
    claimed = np.diagonal(np.linalg.inv(model.model_information(projected)))
    actual = np.diagonal(model.sandwich(population.points[:, 0], population.weights, projected))
    ratios = np.sqrt(claimed / actual)
    expected = float(np.mean([2.0 * _NORMAL.cdf(_QUANTILE * r) - 1.0 for r in ratios]))
    return record(
        "M2",
        "coverage by the model's information, against its prediction",
        abs(float(covered[0]) - expected),
        state=f"n {size}",
        left="intervals of replicates",
        right="A^-1 B A^-1 and I^-1 in the population",
        notes=f"predicted {expected:.3f}",
    )
