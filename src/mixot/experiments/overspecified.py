"""I5: two components fitted to data that have one, where errors and EM's steps are slow.

The model is (N(m, 1) + N(-m, 1)) / 2. Fitted to N(0, 1), its information at m = 0 is zero: the
estimate errs by the order of n^{-1/4}, and EM on the population has m' = m - m^3 + ..., so that m
falls like (2 t)^{-1/2} and not geometrically. Fitted to the model's own data with m = 1, it errs by
n^{-1/2}.

Estimates for many samples at once are roots of mean(x tanh(m x)) - m by bisection; the library's
fit of a few of the samples must end in the same place.

Series: `sizes` n and the mean absolute errors `error` (over-specified) and `regular error`; EM on
the population as `steps` t and `mean` m_t.
"""

from dataclasses import dataclass

import numpy as np

from mixot.evidence.records import difference, record
from mixot.experiments import _opposite_means as model
from mixot.experiments._paths import follow
from mixot.experiments.outcome import Outcome, at
from mixot.fitting.fit import fit
from mixot.streams import stream
from mixot.types import Array, Sample

NAME = "overspecified"
FAMILY = "opposite-means"
_BISECTIONS = 40
# Numbers at once: memory and not time is what more would cost.
_BLOCK = 2_000_000


@dataclass(frozen=True)
class Options:
    """sizes: of the samples; replicates: of each; checked: fitted by the library too, up to a size.

    n_iter: EM steps on the population.
    """

    sizes: tuple[int, ...] = (100, 300, 1000, 3000, 10_000, 30_000, 100_000)
    replicates: int = 400
    checked: int = 2
    largest_checked: int = 3000
    n_iter: int = 3000


def run(options: Options) -> Outcome:
    """Estimate from samples of all sizes, and follow EM on the population."""
    found = []
    errors = {0.0: np.empty(len(options.sizes)), 1.0: np.empty(len(options.sizes))}
    for column, n_samples in enumerate(options.sizes):
        for mean, means in errors.items():
            rng = stream("experiment", NAME, f"mean {mean:g}", n_samples)
            estimates, kept = _estimates(rng, mean, n_samples, options)
            means[column] = float(np.abs(estimates - mean).mean())
            if mean == 0.0 and n_samples <= options.largest_checked:
                found += [_by_library(x, m) for x, m in zip(kept, estimates, strict=False)]
    path = _population_path(options.n_iter)
    slope = {mean: _slope(np.array(options.sizes), means) for mean, means in errors.items()}
    later = np.arange(options.n_iter + 1) >= options.n_iter // 10
    steps = np.arange(options.n_iter + 1.0)
    found += [
        record(
            "I5",
            "slope of the error",
            abs(slope[0.0] + 0.25),
            state="over-specified",
            left="slope of log |m| on log n",
            right="-1/4",
            control={"two components": abs(slope[1.0] + 0.25)},
            notes=f"slope {slope[0.0]:.4f}, with two components {slope[1.0]:.4f}",
        ),
        record(
            "I5",
            "slope of EM",
            abs(_slope(steps[later], path[later]) + 0.5),
            state="population",
            left="slope of log m on log t, fitting.fit",
            right="-1/2",
            notes=f"mean {path[-1]:.5f} after {options.n_iter} steps",
        ),
    ]
    series = {
        "sizes": np.array(options.sizes),
        "error": errors[0.0],
        "regular error": errors[1.0],
        "steps": steps,
        "mean": path,
    }
    return Outcome(tuple(at("one-component", FAMILY, found)), series)


def estimate(samples: Array) -> Array:
    """Return the largest root m >= 0 of mean(x tanh(m x)) - m for each row of samples (r, n).

    It is 0 where the mean of x^2 is at most 1, and else the only positive one.
    """
    low = np.zeros(samples.shape[0])
    high = np.abs(samples).mean(axis=1)
    positive = (samples**2).mean(axis=1) > 1.0
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        rising = (samples * np.tanh(middle[:, None] * samples)).mean(axis=1) > middle
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    return np.where(positive, low, 0.0)


def _estimates(
    rng: np.random.Generator, mean: float, n_samples: int, options: Options
) -> tuple[Array, list[Array]]:
    """Return the estimates of all replicates, and the first few samples."""
    estimates: list[Array] = []
    kept: list[Array] = []
    left = options.replicates
    while left > 0:
        many = min(left, max(_BLOCK // n_samples, 1))
        samples = rng.standard_normal((many, n_samples))
        samples += mean * rng.choice([-1.0, 1.0], size=samples.shape)
        estimates.append(estimate(samples))
        kept += list(samples[: options.checked - len(kept)])
        left -= many
    return np.concatenate(estimates), kept


def _by_library(x: Array, m: float) -> dict[str, object]:
    """Compare with the library's fit of the same sample, plain EM being far too slow."""
    sample = Sample(x[:, None], np.full(x.size, 1.0 / x.size), float(x.size))
    ended = fit(
        sample,
        model.mixture(1.0, 0.5),
        model.OppositeMeans(),
        weights="fixed",
        acceleration="anderson",
        tol=1e-9,
        n_threads=1,
    )
    found = abs(float(ended.mixture.parameters["means"][0, 0]))
    return record(
        "I5",
        "fit of the library",
        difference(found, m),
        state=f"n = {x.size}",
        left="fitting.fit by anderson",
        right="root of mean(x tanh(m x)) - m by bisection",
    )


def _population_path(n_iter: int) -> Array:
    """Return m_t (n_iter + 1,) of the library's loop on N(0, 1), from m = 1."""
    sample = model.population(0.5, 0.0).sample
    start = model.mixture(1.0, 0.5)
    path = follow(sample, start, model.OppositeMeans(), n_iter, weights="fixed")
    return np.abs(path.parameters["means"][:, 0, 0])


def _slope(x: Array, y: Array) -> float:
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])
