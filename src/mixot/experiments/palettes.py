"""U2: palettes whose colours are used as often as prescribed.

The components are normals of one known variance about the colours of a palette, fitted with the
balanced plan, whose columns sum to the prescribed usage, and by EM for comparison, with its weights
free and with its weights held at the prescribed usage. Left, the usage that the library's plan
makes; right, what was prescribed. The plan is put together again from the fit's potential and the
references' densities.

A picture has one colour a pixel. The colours of largest share are not used as prescribed: pixels
that are equal get the same one. So the palette is reached once more by transport at a low
temperature, and each pixel's colour drawn from its row of that plan, after which usages are near
the prescribed ones. What the constraint costs is the difference of the peak signal-to-noise ratios.

Series, for each photograph at the `shown` size: segments and palettes of both, and their usages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixot.arrays import as_sample
from mixot.engines import Rows
from mixot.evidence.records import Sides, record
from mixot.experiments import _photographs as photographs
from mixot.experiments.outcome import Outcome, at
from mixot.families.gaussian import Gaussian
from mixot.fitting.fit import Fit, fit
from mixot.fitting.starts import start
from mixot.reference import densities, likelihood
from mixot.streams import stream
from mixot.transport.result import TransportResult
from mixot.transport.sample import solve_sample
from mixot.types import Array, Mixture

NAME = "palettes"
FAMILY = "gaussian-known"
USAGES = ("equal", "falling")
# Of "falling" usages: each colour is used so many times as often as the one before.
_RATIO = 0.7


@dataclass(frozen=True)
class Options:
    """Each photograph with each size of the palette and each prescribed usage is a problem.

    stride: 1 takes all pixels; deviation: of the kernel, in units of the colours' range; tol,
    max_iter: when a fit ends; cold: the low temperature; shown: the size that is drawn; width: of
    the thumbnails.
    """

    photographs: tuple[str, ...] = ("china", "flower")
    sizes: tuple[int, ...] = (8, 16)
    stride: int = 1
    deviation: float = 0.05
    tol: float = 1e-2
    max_iter: int = 40
    cold: float = 0.02
    shown: int = 8
    width: int = 128


def run(options: Options) -> Outcome:
    """Fit all palettes to all photographs."""
    found = []
    series: dict[str, Any] = {}
    family = Gaussian("known", np.array(options.deviation**2))
    for name in options.photographs:
        picture = photographs.load(name, options.stride)
        for size in options.sizes:
            rng = stream("experiment", NAME, name, size)
            begin = start(as_sample(picture.pixels), family, size, rng=rng)
            begin = _by_weight(begin)
            with photographs.on_disk(picture.pixels) as rows:
                free = _fit(options, rows, begin, family, "semirelaxed", "free")
                for kind in USAGES:
                    wanted = prescribed(kind, size)
                    draws = stream("experiment", NAME, name, size, kind)
                    records, labels = _constrained(
                        options, picture.pixels, rows, begin, family, wanted, free, draws
                    )
                    found += at(f"{name}-{size}-{kind}", FAMILY, records)
                    if size == options.shown:
                        series |= _drawn(f"{name} {kind}", picture, labels, size, options)
            if size == options.shown:
                labels = photographs.best(picture.pixels, free.mixture, family, free.g)
                series |= _drawn(f"{name} free", picture, labels, size, options)
    return Outcome(tuple(found), series)


def prescribed(kind: str, size: int) -> Array:
    """Return a usage (K,), the largest first."""
    falling = _RATIO ** np.arange(float(size))
    usage = np.ones(size) if kind == "equal" else falling
    return np.asarray(usage / usage.sum())


def _by_weight(mixture: Mixture) -> Mixture:
    """Return the mixture with its largest component first, as the prescribed usages are ordered."""
    order = np.argsort(-mixture.weights, kind="stable")
    parameters = {name: values[order] for name, values in mixture.parameters.items()}
    return Mixture(mixture.weights[order], parameters)


def _fit(
    options: Options, rows: Rows, begin: Mixture, family: Gaussian, plan: str, weights: str | Array
) -> Fit:
    return fit(
        rows,
        begin,
        family,
        plan=plan,
        weights=weights,
        tol=options.tol,
        max_iter=options.max_iter,
        n_threads=1,
    )


def _constrained(
    options: Options,
    pixels: Array,
    rows: Rows,
    begin: Mixture,
    family: Gaussian,
    wanted: Array,
    free: Fit,
    rng: np.random.Generator,
) -> tuple[list[dict[str, object]], photographs.Labels]:
    """Return the records of one prescribed usage, and the labels of the picture that is shown."""
    balanced = _fit(options, rows, begin, family, "balanced", wanted)
    held = _fit(options, rows, begin, family, "semirelaxed", wanted)
    cold = solve_sample(
        rows,
        balanced.mixture.parameters,
        family,
        b=wanted,
        epsilon=options.cold,
        g_init=balanced.g,
        n_threads=1,
    )
    labels = drawn(cold, rng)
    warm = photographs.best(pixels, balanced.mixture, family, balanced.g)
    of_em = photographs.best(pixels, free.mixture, family, free.g)

    def missed(fitted: Fit) -> float:
        return float(np.abs(marginal(pixels, fitted, options.deviation) - wanted).sum())

    def astray(found: photographs.Labels) -> float:
        return float(0.5 * np.abs(photographs.usage(found, wanted.size) - wanted).sum())

    sides = Sides(
        state="where the fit stops",
        left="the plan of fit(balanced), its potential with the references' densities",
        right="the prescribed usage",
    )
    ratios = [photographs.noise_ratio(pixels, one, wanted.size) for one in (of_em, labels)]
    numbers: Mapping[str, float] = {
        "iterations": float(balanced.n_iter),
        "pixels astray, drawn at a low temperature": astray(labels),
        "pixels astray, largest shares": astray(warm),
        "pixels astray, EM with free weights": astray(of_em),
        "decibels of EM": ratios[0],
        "decibels that the constraint costs": ratios[0] - ratios[1],
    }
    return [
        record(
            "U2",
            "marginal error",
            missed(balanced),
            control={"EM, free weights": missed(free), "EM, weights held": missed(held)},
            **sides,
        ),
        record("U2", "marginal error at a low temperature", cold.marginal_error, **sides),
        *(record("U2", quantity, number, **sides) for quantity, number in numbers.items()),
    ], labels


def drawn(result: TransportResult, rng: np.random.Generator) -> photographs.Labels:
    """Return a component (n,) for each row of a plan, drawn from its shares."""
    found = []
    for _, sent in result.plan_blocks():
        edges = np.cumsum(sent, axis=1)
        place = rng.random(sent.shape[0]) * edges[:, -1]
        found.append((edges[:, :-1] <= place[:, None]).sum(axis=1))
    return np.concatenate(found)


def marginal(pixels: Array, fitted: Fit, deviation: float) -> Array:
    """Return the column sums (K,) of the plan of a fit, by the references."""
    cost = densities.costs(FAMILY, pixels, dict(fitted.mixture.parameters), covariance=deviation**2)
    shares = likelihood.responsibilities(cost - fitted.g, fitted.mixture.weights)
    return np.asarray(shares.mean(axis=0))


def _drawn(
    name: str,
    picture: photographs.Photograph,
    labels: photographs.Labels,
    size: int,
    options: Options,
) -> dict[str, Any]:
    pixels = picture.pixels
    return {
        name: picture.thumbnail(labels, options.width).astype(np.uint8),
        f"{name} palette": photographs.palette(pixels, labels, size),
        f"{name} usage": photographs.usage(labels, size),
        f"{name} decibels": np.array(photographs.noise_ratio(pixels, labels, size)),
    }
