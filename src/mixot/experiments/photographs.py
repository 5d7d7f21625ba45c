"""U1: photographs, cut into segments by mixtures that are fitted to all of their pixels.

Left, the library, which reads the pixels from a file in every pass. Right, scikit-learn's mixture
from the same start: without its floor under the variances the two must be at the same place after
any number of steps. Then both go on to where they stop by themselves, and so does k-means; each
one's segments are shown in their mean colours, whose peak signal-to-noise ratio is reported.
Colours are whole numbers, and many pixels are equal: without a floor a component would shrink to
them. There the library's floor is the variance of rounding, and scikit-learn's its default.

Series, for each photograph at the `shown` number of components: a thumbnail, and of each method its
segments and its palette.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logsumexp

from mixot.arrays import as_sample
from mixot.evidence.records import Sides, difference, record
from mixot.experiments import _em_limit as limits
from mixot.experiments import _photographs as photographs
from mixot.experiments import _scikit as scikit
from mixot.experiments.outcome import Outcome, at
from mixot.families.gaussian import Gaussian
from mixot.fitting.fit import Fit, fit
from mixot.fitting.starts import start
from mixot.fitting.stopping import Certificate
from mixot.reference import densities
from mixot.streams import stream
from mixot.types import Array, Mixture, Status

NAME = "photographs"
FAMILY = "gaussian-full"
# Variance of a number in [0, 1] that was rounded to one of 256 levels.
_ROUNDING = 1.0 / (12.0 * 255.0**2)
_PROPER = (Status.CONVERGED, Status.STOPPED, Status.MAX_ITER)


@dataclass(frozen=True)
class Options:
    """Each photograph with each number of components is a problem.

    stride: 1 takes all pixels; steps: after so many the two paths are compared; tol, max_iter: when
    the library's fit ends; shown: the number of components that is drawn; width: of the thumbnails.
    """

    photographs: tuple[str, ...] = ("china", "flower")
    n_components: tuple[int, ...] = (4, 8, 16)
    stride: int = 1
    steps: int = 5
    tol: float = 1e-2
    max_iter: int = 100
    shown: int = 8
    width: int = 128


def run(options: Options) -> Outcome:
    """Fit all mixtures to all photographs."""
    found = []
    series: dict[str, Any] = {}
    for name in options.photographs:
        picture = photographs.load(name, options.stride)
        for n_components in options.n_components:
            rng = stream("experiment", NAME, name, n_components)
            records, segments = _compare(options, picture.pixels, n_components, rng)
            found += at(f"{name}-{n_components}", FAMILY, records)
            if n_components == options.shown:
                small = picture.thumbnail(picture.pixels, options.width)
                series[f"{name} original"] = np.rint(255.0 * small).astype(np.uint8)
                for method, labels in segments.items():
                    colours = photographs.palette(picture.pixels, labels, n_components)
                    image = picture.thumbnail(labels, options.width)
                    series[f"{name} {method}"] = image.astype(np.uint8)
                    series[f"{name} {method} palette"] = colours
                    series[f"{name} {method} decibels"] = np.array(
                        photographs.noise_ratio(picture.pixels, labels, n_components)
                    )
    return Outcome(tuple(found), series)


def _compare(
    options: Options, pixels: Array, n_components: int, rng: np.random.Generator
) -> tuple[list[dict[str, object]], dict[str, photographs.Labels]]:
    """Return the records of one photograph and one K, and the segments of each method."""
    family = Gaussian()
    begin = start(as_sample(pixels), family, n_components, rng=rng)
    with photographs.on_disk(pixels) as rows:
        few = fit(rows, begin, family, stop=_never, max_iter=options.steps, n_threads=1)
        ours = fit(
            rows,
            begin,
            Gaussian(floor=_ROUNDING),
            acceleration="anderson",
            tol=options.tol,
            max_iter=options.max_iter,
            n_threads=1,
        )
    theirs = scikit.gaussian_mixture(pixels, begin, "full")
    clusters, _ = scikit.k_means(pixels, begin.parameters["means"])
    segments = {
        "mixture": photographs.best(pixels, ours.mixture, family, ours.g),
        "scikit-learn": theirs.labels,
        "k-means": clusters,
    }
    found = _path(options, pixels, begin, few)
    found += _likelihoods(pixels, ours, theirs)
    ratios = {
        method: photographs.noise_ratio(pixels, labels, n_components)
        for method, labels in segments.items()
    }
    for method, ratio in ratios.items():
        sides = Sides(
            state="at its stop", left="segments by the library", right=f"segments by {method}"
        )
        found.append(record("U1", f"decibels of {method}", ratio, **sides))
        if method != "mixture":
            lost = ratio - ratios["mixture"]
            found.append(record("U1", f"decibels lost to {method}", lost, **sides))
    return found, segments


def _path(options: Options, pixels: Array, begin: Mixture, few: Fit) -> list[dict[str, object]]:
    """Compare the two after the same number of steps, with the default's floor as the mistake."""
    plain, floored = (
        scikit.gaussian_mixture(
            pixels, begin, "full", reg_covar=floor, tol=0.0, max_iter=options.steps
        ).mixture
        for floor in (0.0, scikit.REG_COVAR)
    )
    sides = Sides(
        state=f"iteration {options.steps}",
        left="fit of the rows of a file",
        right="sklearn.mixture.GaussianMixture(reg_covar=0) in memory",
    )
    return [
        record(
            "U1",
            "distance of the mixtures",
            limits.distance(few.mixture, plain, "full"),
            control={"reg_covar 1e-6": limits.distance(floored, plain, "full")},
            **sides,
        ),
        record(
            "U1",
            "objective",
            difference(few.objective, objective(pixels, plain)),
            control={"reg_covar 1e-6": difference(few.objective, objective(pixels, floored))},
            **sides,
        ),
    ]


def _likelihoods(pixels: Array, ours: Fit, theirs: scikit.Peer) -> list[dict[str, object]]:
    """Report what the stopping rules leave, and how far each method went."""
    sides = Sides(
        state="at its stop", left="fit by Anderson's steps", right="scikit-learn at its default"
    )
    lost = objective(pixels, ours.mixture) - objective(pixels, theirs.mixture)
    return [
        record("U1", "nats a pixel lost to scikit-learn", lost, **sides),
        record("U1", "sweeps", float(ours.n_objective), **sides),
        record("U1", "degenerate", float(ours.status not in _PROPER), **sides),
        record("U1", "iterations of scikit-learn", float(theirs.n_iter), **sides),
    ]


def objective(pixels: Array, mixture: Mixture) -> float:
    """Return the negative log-likelihood of a pixel by the references' densities."""
    cost = densities.costs(FAMILY, pixels, dict(mixture.parameters))
    return float(-np.mean(logsumexp(np.log(mixture.weights) - cost, axis=1)))


def _never(objectives: Sequence[float], certificate: Certificate) -> bool:
    """Let a fit go on to its last iteration."""
    del objectives, certificate
    return False
