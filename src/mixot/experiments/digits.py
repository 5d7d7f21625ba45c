"""U3: handwritten digits, clustered without their classes by mixtures of ten components.

Two models: products of Bernoulli variables on pixels that are black or white, and Gaussians with
full covariances on principal axes. Each is fitted from the same starts by EM, by Sinkhorn EM with
all weights held at a tenth (digits are about equally frequent), and the Gaussians by scikit-learn
too, with k-means on the same coordinates for comparison. Left, the library: its objective, and the
sizes of the clusters in its balanced plan. Right: the likelihood by SciPy and by the references,
and a tenth. Agreement with the classes is reported.

Series: for each method and start the accuracy, the adjusted Rand index and the objective; of the
best fit of each model, clusters in the order of the digits, means and drawn samples as images.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logsumexp, softmax, xlog1py, xlogy
from sklearn.datasets import load_digits

from mixot.arrays import as_sample
from mixot.evidence.records import Sides, difference, record
from mixot.experiments import _agreement as agreement
from mixot.experiments import _scikit as scikit
from mixot.experiments._tables import Axes, principal
from mixot.experiments.outcome import Outcome, at
from mixot.families.base import Family
from mixot.families.bernoulli import Bernoulli
from mixot.families.gaussian import Gaussian
from mixot.fitting.evaluate import responsibilities
from mixot.fitting.fit import Fit, fit
from mixot.fitting.starts import start
from mixot.reference import densities
from mixot.streams import stream
from mixot.types import Array, Mixture, Sample

NAME = "digits"
DIGITS = 10
MODELS = ("bernoulli", "gaussian")
_STOP = "where the fit stops"


@dataclass(frozen=True)
class Options:
    """starts: of each model; axes: of the Gaussians; stride: 1 takes all images.

    dark: the value from which on a pixel (0 to 16) is black; drawn: samples of each cluster.
    """

    starts: int = 10
    axes: int = 12
    stride: int = 1
    dark: float = 8.0
    tol: float = 1e-6
    max_iter: int = 2000
    drawn: int = 3


@dataclass(frozen=True, slots=True)
class Run:
    """One method from one start: labels (n,), and its objective where it has one."""

    labels: agreement.Labels
    objective: float
    mixture: Mixture | None


def run(options: Options) -> Outcome:
    """Cluster the images by every method from every start."""
    raw = load_digits()
    images, classes = raw.data[:: options.stride], raw.target[:: options.stride]
    axes = principal(images, options.axes)
    samples = {
        "bernoulli": as_sample((images >= options.dark).astype(np.float64)),
        "gaussian": as_sample(axes.coordinates),
    }
    families: dict[str, Family] = {"bernoulli": Bernoulli(), "gaussian": Gaussian()}
    found = []
    series: dict[str, Any] = {}
    for model in MODELS:
        runs: dict[str, list[Run]] = {}
        for number in range(options.starts):
            rng = stream("experiment", NAME, model, number)
            begin = start(samples[model], families[model], DIGITS, rng=rng)
            records, ended = _from(options, samples[model], families[model], begin)
            found += at(model, families[model].name, records, number)
            for method, one in ended.items():
                runs.setdefault(method, []).append(one)
        found += at(model, families[model].name, _agreement(model, runs, classes))
        series |= {f"{model} {name}": values for name, values in _scores(runs, classes).items()}
        best = min(runs["EM"], key=lambda one: one.objective)
        series |= _images(options, model, families[model], best, classes, axes)
    return Outcome(tuple(found), series)


def _from(
    options: Options, sample: Sample, family: Family, begin: Mixture
) -> tuple[list[dict[str, object]], dict[str, Run]]:
    """Return the records of all fits from one start, and where they ended."""
    even = np.full(DIGITS, 1.0 / DIGITS)
    plans: Mapping[str, tuple[str, str | Array]] = {
        "EM": ("semirelaxed", "free"),
        "EM, weights held": ("semirelaxed", even),
        "Sinkhorn EM": ("balanced", even),
    }
    fits = {
        method: fit(
            sample,
            begin,
            family,
            plan=plan,
            weights=weights,
            tol=options.tol,
            max_iter=options.max_iter,
            n_threads=1,
        )
        for method, (plan, weights) in plans.items()
    }
    ended = {method: _ended(sample, family, one) for method, one in fits.items()}
    if isinstance(family, Gaussian):
        theirs = scikit.gaussian_mixture(sample.points, begin, "full")
        ended["scikit-learn"] = Run(theirs.labels, np.nan, None)
        labels, _ = scikit.k_means(sample.points, begin.parameters["means"])
        ended["k-means"] = Run(labels, np.nan, None)
    cost = costs(sample.points, fits["EM"].mixture)
    expected = -logsumexp(np.log(fits["EM"].mixture.weights) - cost, axis=1).mean()
    untilted = -logsumexp(np.log(even) - cost, axis=1).mean()

    def missed(one: Fit) -> float:
        tilted = np.log(one.mixture.weights) + one.g - costs(sample.points, one.mixture)
        return float(np.abs(softmax(tilted, axis=1).mean(axis=0) - even).sum())

    found = [
        record(
            "U3",
            "objective",
            difference(fits["EM"].objective, float(expected)),
            state=_STOP,
            left="fit",
            right="densities of SciPy and of the references",
            control={"equal weights": difference(fits["EM"].objective, float(untilted))},
        ),
        record(
            "U3",
            "cluster sizes of Sinkhorn EM",
            missed(fits["Sinkhorn EM"]),
            state=_STOP,
            left="plan of fit(balanced), its potential with densities of the other side",
            right="a tenth each",
            control={
                "EM": missed(fits["EM"]),
                "EM, weights held": missed(fits["EM, weights held"]),
            },
        ),
    ]
    return found, ended


def costs(points: Array, mixture: Mixture) -> Array:
    """Return -log p_k(x_i) (n, K) without the library."""
    parameters = dict(mixture.parameters)
    if "means" in parameters:
        return densities.costs("gaussian-full", points, parameters)
    ones = parameters["probabilities"]
    return -np.stack([(xlogy(points, p) + xlog1py(1.0 - points, -p)).sum(axis=1) for p in ones], 1)


def _ended(sample: Sample, family: Family, one: Fit) -> Run:
    rows = responsibilities(sample.points, one.mixture, family, g=one.g)
    return Run(rows.argmax(axis=1), one.objective, one.mixture)


def _scores(runs: Mapping[str, Sequence[Run]], classes: agreement.Labels) -> dict[str, Any]:
    """Return the scores (methods, starts), and the names of the methods."""
    return {
        "methods": np.array(list(runs)),
        "accuracy": np.array(
            [
                [agreement.accuracy(r.labels, classes, DIGITS) for r in each]
                for each in runs.values()
            ]
        ),
        "rand": np.array(
            [[agreement.adjusted_rand(r.labels, classes) for r in each] for each in runs.values()]
        ),
        "objective": np.array([[r.objective for r in each] for each in runs.values()]),
    }


def _agreement(
    model: str, runs: Mapping[str, Sequence[Run]], classes: agreement.Labels
) -> list[dict[str, object]]:
    """Report how the methods agree with the classes, in the median over all starts."""
    scores = _scores(runs, classes)
    sides = Sides(state="all starts", left="clusters", right="classes that nobody used")
    return [
        record("U3", f"{name}, {model}, {method}", float(np.median(values)), **sides)
        for name, each in (
            ("accuracy", scores["accuracy"]),
            ("adjusted Rand index", scores["rand"]),
        )
        for method, values in zip(runs, each, strict=True)
    ]


def _images(
    options: Options,
    model: str,
    family: Family,
    best: Run,
    classes: agreement.Labels,
    axes: Axes,
) -> dict[str, Any]:
    """Return means (10, 64) and drawn samples (10, drawn, 64) of the clusters, digit by digit."""
    assert best.mixture is not None
    order = np.argsort(agreement.matched(best.labels, classes, DIGITS))
    rng = stream("experiment", NAME, model, "samples")
    labels = np.repeat(order, options.drawn).astype(np.float64)
    drawn = family.sample(best.mixture.parameters, labels, rng)
    if model == "bernoulli":
        means = best.mixture.parameters["probabilities"][order]
    else:
        means = axes.back(best.mixture.parameters["means"][order])
        drawn = axes.back(drawn)
    return {
        f"{model} means": means,
        f"{model} samples": drawn.reshape(DIGITS, options.drawn, -1),
        f"{model} weights": best.mixture.weights[order],
    }
