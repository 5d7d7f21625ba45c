"""L2: EM for the weights of fixed components is the deconvolution of Richardson and Lucy.

Counts d_i on pixels, atoms on some of them, and a blur h that depends on the distance alone and
sums to 1 over the pixels. Richardson and Lucy iterate

    u <- u * convolve(d / convolve(u, h), h mirrored),

which knows neither densities nor responsibilities. Left, a fit of the library in which only the
weights move: components N(y_k, sigma^2), pixels for observations, counts for their weights. Right,
the line above by SciPy's direct convolutions, and u over its sum.

Series, of the first image on a line: pixels, counts, atoms, the truth, and `iterates` after
`iterations` steps; `limit`, the weights that minimise the likelihood.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.signal

from mixot.arrays import as_sample
from mixot.evidence.records import difference, record
from mixot.experiments.outcome import Outcome, at
from mixot.families.gaussian import Gaussian
from mixot.fitting.constraints import Constraints
from mixot.fitting.fit import Fit, fit
from mixot.fitting.weights import fit_weights
from mixot.streams import stream
from mixot.types import Array, Mixture

NAME = "richardson_lucy"
FAMILY = "gaussian-known"


@dataclass(frozen=True)
class Options:
    """images: by their names in `IMAGES`, one problem each; counts: of an image, in all.

    shown: after how many iterations the estimate is kept to be drawn.
    """

    images: tuple[str, ...] = ("spikes", "box", "ramp", "bumps", "plane")
    counts: int = 20_000
    iterations: int = 200
    shown: tuple[int, ...] = (10, 100, 1000)


@dataclass(frozen=True, slots=True)
class Image:
    """True intensities u over atoms, in one dimension or two, and the blur's width in pixels."""

    truth: Array
    width: float

    @property
    def margin(self) -> int:
        """Pixels around the atoms: beyond, the blur is below the rounding of its sum."""
        return int(np.ceil(9.0 * self.width))

    @property
    def blur(self) -> Array:
        """The blur between any pixel and any atom, an axis for each of the image's."""
        arrays = []
        for size in self.truth.shape:
            reach = size - 1 + self.margin
            steps = np.arange(-reach, reach + 1)
            one = np.exp(-0.5 * (steps / self.width) ** 2)
            arrays.append(one / np.sqrt(2.0 * np.pi * self.width**2))
        return arrays[0] if len(arrays) == 1 else np.multiply.outer(*arrays)

    def blurred(self, intensities: Array) -> Array:
        """Return what pixels receive of intensities of atoms."""
        return np.asarray(
            scipy.signal.convolve(self.blur, intensities, mode="valid", method="direct")
        )

    def returned(self, ratio: Array) -> Array:
        """Return what atoms receive of values of pixels."""
        return np.asarray(
            scipy.signal.convolve(np.flip(self.blur), ratio, mode="valid", method="direct")
        )

    def places(self, margin: int) -> Array:
        """Return the coordinates (n, d) of the atoms, with so many pixels around them."""
        axes = [np.arange(-margin, size + margin) for size in self.truth.shape]
        grid = np.meshgrid(*axes, indexing="ij")
        return np.stack([axis.ravel() for axis in grid], axis=1).astype(np.float64)


def _line(**heights: float) -> Array:
    """Return 40 intensities from their values at the places `at_<place>`."""
    truth = np.zeros(40)
    for place, height in heights.items():
        truth[int(place.removeprefix("at_"))] = height
    return truth


def _plane() -> Array:
    rows, columns = np.mgrid[:9, :9]
    return np.where((rows - 4) ** 2 + (columns - 4) ** 2 <= 9, 1.0, 0.1) + (rows > 6)


IMAGES = {
    "spikes": Image(_line(at_8=3.0, at_14=1.0, at_22=2.0, at_31=4.0), 2.5),
    "box": Image(np.where(np.abs(np.arange(40) - 19.5) < 8.0, 1.0, 0.05), 2.0),
    "ramp": Image(np.linspace(0.1, 2.0, 40), 1.5),
    "bumps": Image(1.0 + np.sin(0.5 * np.arange(40)) ** 2, 3.0),
    "plane": Image(_plane(), 1.5),
}


def run(options: Options) -> Outcome:
    """Compare the two iterations on every image."""
    found = []
    for name in options.images:
        image = IMAGES[name]
        counts = _counts(name, image, options.counts)
        fitted = _fitted(image, counts, options.iterations)
        found += at(name, FAMILY, _records(image, counts, fitted, options.iterations))
    lines = [name for name in options.images if IMAGES[name].truth.ndim == 1]
    return Outcome(tuple(found), _series(options, lines[0]) if lines else {})


def richardson_lucy(image: Image, counts: Array, iterations: int, least_squares: bool) -> Array:
    """Return the weights of atoms after 0, 1, ... iterations, (iterations + 1, atoms).

    least_squares: take the multiplicative step of least squares instead, which is another method.
    """
    estimate = np.full(image.truth.shape, counts.sum() / image.truth.size)
    path = [estimate]
    for _ in range(iterations):
        blurred = image.blurred(estimate)
        if least_squares:
            estimate = estimate * image.returned(counts) / image.returned(blurred)
        else:
            estimate = estimate * image.returned(counts / blurred)
        path.append(estimate)
    flat = np.stack([one.ravel() for one in path])
    return np.asarray(flat / flat.sum(axis=1, keepdims=True))


def _counts(name: str, image: Image, total: int) -> Array:
    """Draw the counts of all pixels, (n,) or (n, m)."""
    expected = image.blurred(image.truth)
    rng = stream("experiment", NAME, name, total)
    return rng.poisson(total * expected / expected.sum()).astype(np.float64)


def _fitted(image: Image, counts: Array, iterations: int) -> Fit:
    """Fit the weights alone by EM, for so many steps."""
    atoms = image.places(0)
    size = len(atoms)
    return fit(
        as_sample(image.places(image.margin), counts.ravel(), "frequency"),
        Mixture(np.full(size, 1.0 / size), {"means": atoms}),
        Gaussian("known", np.array(image.width**2)),
        constraints=Constraints(frozen_parameters=["means"]),
        tol=0.0,
        max_iter=iterations,
        n_threads=1,
    )


def _records(image: Image, counts: Array, fitted: Fit, iterations: int) -> list[dict[str, Any]]:
    kept, mine = fitted.trace.iterations, fitted.trace.weights
    if fitted.n_iter != iterations:
        mine = np.full_like(mine, np.nan)
    theirs = richardson_lucy(image, counts, iterations, least_squares=False)[kept]
    other = richardson_lucy(image, counts, iterations, least_squares=True)[kept]
    return [
        record(
            "L2",
            "weights",
            difference(mine, theirs),
            state=f"{iterations} iterations",
            left="fitting.fit.fit with frozen means",
            right="Richardson and Lucy by scipy.signal",
            control={"least squares": difference(mine, other)},
        )
    ]


def _series(options: Options, name: str) -> dict[str, Array]:
    image = IMAGES[name]
    counts = _counts(name, image, options.counts)
    path = richardson_lucy(image, counts, max(options.shown), least_squares=False)
    pixels, atoms = image.places(image.margin), image.places(0)
    limit = fit_weights(
        as_sample(pixels, counts, "frequency"),
        {"means": atoms},
        Gaussian("known", np.array(image.width**2)),
    )
    return {
        "pixels": pixels[:, 0],
        "counts": counts,
        "atoms": atoms[:, 0],
        "truth": image.truth / image.truth.sum(),
        "iterations": np.array(options.shown),
        "iterates": path[list(options.shown)],
        "limit": limit.weights,
        "blurred limit": image.blurred(limit.weights) * counts.sum(),
    }
