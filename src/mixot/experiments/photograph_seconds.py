"""U1b: the seconds that segments of a photograph take.

The sides take the same number of iterations from the same start, each on one core: the library with
the pixels in memory and with the pixels in a file, scikit-learn's mixture, and its k-means, whose
iterations are cheaper by nature.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mixot.arrays import as_sample
from mixot.evidence.records import Sides, record
from mixot.experiments import _photographs as photographs
from mixot.experiments import _scikit as scikit
from mixot.experiments._clock import race
from mixot.experiments.outcome import Outcome, at
from mixot.families.gaussian import Gaussian
from mixot.fitting.fit import fit
from mixot.fitting.starts import start
from mixot.fitting.stopping import Certificate
from mixot.streams import stream
from mixot.types import Array

NAME = "photograph_seconds"
FAMILY = "gaussian-full"
OURS, THEIRS = ("in memory", "from a file"), ("scikit-learn", "k-means")


@dataclass(frozen=True)
class Options:
    """Each number of components is a problem; stride: 1 takes all pixels; repeats: timed turns."""

    photograph: str = "china"
    n_components: tuple[int, ...] = (4, 8, 16)
    stride: int = 1
    iterations: int = 5
    repeats: int = 3


def run(options: Options) -> Outcome:
    """Time all sides at every number of components."""
    pixels = photographs.load(options.photograph, options.stride).pixels
    found = []
    medians = []
    for n_components in options.n_components:
        seconds = _race(options, pixels, n_components)
        medians.append([float(np.median(seconds[side])) for side in (*OURS, *THEIRS)])
        found += at(f"components-{n_components}", FAMILY, _records(options, seconds))
    series = {"n_components": np.array(options.n_components, float), "seconds": np.array(medians)}
    return Outcome(tuple(found), series)


def _race(options: Options, pixels: Array, n_components: int) -> dict[str, Array]:
    family, n_iter = Gaussian(), options.iterations
    sample = as_sample(pixels)
    rng = stream("experiment", NAME, options.photograph, n_components)
    begin = start(sample, family, n_components, rng=rng)
    ours = partial(fit, stop=_never, max_iter=n_iter, n_threads=1)
    with photographs.on_disk(pixels) as rows:
        return race(
            {
                "in memory": lambda: ours(sample, begin, family),
                "from a file": lambda: ours(rows, begin, family),
                "scikit-learn": lambda: scikit.gaussian_mixture(
                    pixels, begin, "full", reg_covar=0.0, tol=0.0, max_iter=n_iter
                ),
                "k-means": lambda: scikit.k_means(
                    pixels, begin.parameters["means"], max_iter=n_iter, tol=0.0
                ),
            },
            options.repeats,
        )


def _records(options: Options, seconds: dict[str, Array]) -> list[dict[str, object]]:
    sides = Sides(state=f"{options.iterations} iterations on one core", left="fit", right="a peer")
    found = [
        record("U1b", f"seconds, {side}", float(np.median(values)), **sides)
        for side, values in seconds.items()
    ]
    for peer in THEIRS:
        ratio = float(np.median(seconds["in memory"]) / np.median(seconds[peer]))
        found.append(record("U1b", f"seconds over those of {peer}", ratio, **sides))
    return found


def _never(objectives: Sequence[float], certificate: Certificate) -> bool:
    """Let a fit go on to its last iteration."""
    del objectives, certificate
    return False
