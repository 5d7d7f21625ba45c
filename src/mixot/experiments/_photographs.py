"""The photographs that ship with scikit-learn, as pixels, and what a palette makes of them.

A palette's colour is the mean of the pixels that it stands for, whichever method put them together:
so methods are compared by their segments alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_sample_image

from mixot.engines import Rows, open_npy
from mixot.families.base import Family
from mixot.fitting.evaluate import log_kernel
from mixot.types import Array, Mixture

Labels = NDArray[np.intp]

_BLOCK = 1 << 15


@dataclass(frozen=True, slots=True)
class Photograph:
    """pixels: (n, 3) red, green and blue in [0, 1], row after row; shape: rows and columns."""

    pixels: Array
    shape: tuple[int, int]

    def thumbnail(self, values: NDArray[Any], width: int) -> NDArray[Any]:
        """Return values of pixels (n, ...) as an image of about so many columns."""
        every = max(self.shape[1] // width, 1)
        return values.reshape(*self.shape, *values.shape[1:])[::every, ::every]


def load(name: str, stride: int) -> Photograph:
    """Return every stride-th row and column of a photograph ("china" or "flower")."""
    image = np.asarray(load_sample_image(f"{name}.jpg"), dtype=np.float64)[::stride, ::stride]
    pixels = np.ascontiguousarray(image.reshape(-1, 3) / 255.0)
    return Photograph(pixels, (image.shape[0], image.shape[1]))


@contextmanager
def on_disk(points: Array) -> Iterator[Rows]:
    """Give the points as rows of a file, which a fit reads piece by piece in every pass."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pixels.npy"
        np.save(path, points)
        yield open_npy(path)


def best(points: Array, mixture: Mixture, family: Family, g: Array, epsilon: float = 1.0) -> Labels:
    """Return the component (n,) with the largest share of each point under the potential g (K,)."""
    parts = [
        log_kernel(points[first : first + _BLOCK], mixture, family, epsilon, g).argmax(axis=0)
        for first in range(0, points.shape[0], _BLOCK)
    ]
    return np.concatenate(parts)


def usage(labels: Labels, n_colours: int) -> Array:
    """Return the share of the pixels that each colour (K,) stands for."""
    return np.bincount(labels, minlength=n_colours) / labels.size


def palette(pixels: Array, labels: Labels, n_colours: int) -> Array:
    """Return the mean colours (K, 3) of the pixels with each label, black where there are none."""
    counts = np.bincount(labels, minlength=n_colours)
    sums = [np.bincount(labels, channel, minlength=n_colours) for channel in pixels.T]
    return np.stack(sums, axis=1) / np.maximum(counts, 1)[:, None]


def noise_ratio(pixels: Array, labels: Labels, n_colours: int) -> float:
    """Return the peak signal-to-noise ratio of the image in its palette's colours, decibels."""
    shown = palette(pixels, labels, n_colours)[labels]
    return float(-10.0 * np.log10(np.mean((pixels - shown) ** 2)))
