"""I2: EM for the weights alone, over fixed components, and how far it is from the best weights.

Left, the library's loop with the components' parameters frozen, all iterates. Right, the best
weights pi* and their value by the reference's constrained minimiser, and its gradient function D.
At each iteration, with g_t = NLL_t - NLL* and k_t = KL(pi* | pi_t),

    g_t <= k_0 / (t + 1),      g_t <= k_t - k_{t+1},      k_t - k_{t+1} = sum_k pi*_k log D_k(pi_t),

the second of which says that k_t falls, and gives the first by summation. The third is what the
second is derived from, and being an equality it notices a step that is nearly right.

Series, of each problem from uniform weights: `{problem} gap` (T + 1,) and `{problem} bound`.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import rel_entr

from mixot.evidence.records import Sides, difference, excess, record
from mixot.experiments._information import log_densities
from mixot.experiments._paths import follow
from mixot.experiments.outcome import Outcome, at
from mixot.families.base import Family
from mixot.families.bernoulli import Bernoulli
from mixot.families.exponential import Exponential
from mixot.families.gaussian import Gaussian
from mixot.families.poisson import Poisson
from mixot.fitting.constraints import Constraints
from mixot.problems.library import times_deaths
from mixot.reference import weights as reference
from mixot.streams import stream
from mixot.types import Array, Mixture, Parameters, Sample

NAME = "weights_bound"


@dataclass(frozen=True)
class Options:
    """n_iter: EM steps; starts: the first has uniform weights, the others random ones."""

    problems: tuple[str, ...] = ("line", "plane", "deaths", "waiting", "profiles", "three")
    n_iter: int = 2000
    starts: int = 3


@dataclass(frozen=True, slots=True)
class Atoms:
    """A sample, and components that stay as they are."""

    sample: Sample
    family: Family
    parameters: Parameters

    @property
    def count(self) -> int:
        """The number of components."""
        return int(next(iter(self.parameters.values())).shape[0])


def run(options: Options) -> Outcome:
    """Follow EM from every start on every problem."""
    found = []
    series: dict[str, Array] = {}
    for name in options.problems:
        atoms = _atoms(name)
        cost = -log_densities(
            atoms.family.name, atoms.sample.points, atoms.parameters, covariance=1.0
        ).real
        uniform = np.full(atoms.count, 1.0 / atoms.count)
        best = reference.minimise_likelihood(cost, atoms.sample.weights, uniform)
        for number in range(options.starts):
            rng = stream("experiment", NAME, name, "start", number)
            start = uniform if number == 0 else rng.dirichlet(np.full(atoms.count, 2.0))
            records, gap, bound = _compare(atoms, cost, best, start, options.n_iter, number)
            found += at(name, atoms.family.name, records, number)
            if number == 0:
                series |= {f"{name} gap": gap, f"{name} bound": bound}
    return Outcome(tuple(found), series)


def _compare(
    atoms: Atoms,
    cost: Array,
    best: reference.WeightsMinimum,
    start: Array,
    n_iter: int,
    number: int,
) -> tuple[list[dict[str, object]], Array, Array]:
    path = follow(
        atoms.sample,
        Mixture(start, atoms.parameters),
        atoms.family,
        n_iter,
        constraints=Constraints(frozen_parameters=atoms.parameters),
    )
    gap = path.objective - best.value
    divergence = _divergences(best.weights, path.weights)
    bound = divergence[0] / np.arange(1.0, gap.size + 1.0)
    drops = -np.diff(divergence)
    expected = np.array(
        [
            best.weights @ np.log(reference.gradient_function(cost, atoms.sample.weights, weights))
            for weights in path.weights[:-1]
        ]
    )
    # From other weights than the best ones, such as the start, the divergence rises.
    elsewhere = _divergences(start, path.weights)
    sides = Sides(
        state="uniform" if number == 0 else "random",
        left="fitting.fit, parameters frozen",
        right="reference.weights.minimise_likelihood",
        notes=f"gap {gap[-1]:.3g} where the bound is {bound[-1]:.3g}",
    )
    found = [
        record(
            "I2",
            "above the bound",
            _worst(gap, bound),
            control={
                "reversed": _worst(bound, gap),
                "square": _worst(gap, bound**2 / divergence[0]),
            },
            **sides,
        ),
        record(
            "I2",
            "above the drop of the divergence",
            _worst(gap[:-1], drops),
            control={"reversed": _worst(drops, gap[:-1])},
            **sides,
        ),
        record(
            "I2",
            "rise of the divergence",
            _worst(divergence[1:], divergence[:-1]),
            control={"from the start": _worst(elsewhere[1:], elsewhere[:-1])},
            **sides,
        ),
        record(
            "I2",
            "drop of the divergence",
            difference(drops, expected),
            control={"of the next step": difference(drops[1:], expected[:-1])},
            **sides,
        ),
        record("I2", "residual of the best weights", best.residual, **sides),
        record("I2", "largest part of the bound", float(np.max(gap / bound)), **sides),
    ]
    return found, gap, bound


def _divergences(target: Array, weights: Array) -> Array:
    """Return KL(target | weights_t) (T + 1,) for weights (T + 1, K)."""
    return np.asarray(rel_entr(target, weights).sum(axis=1))


def _worst(smaller: Array, larger: Array) -> float:
    return max(excess(float(a), float(b)) for a, b in zip(smaller, larger, strict=True))


def _atoms(name: str) -> Atoms:
    """Return a problem: where atoms overlap, most of them get no weight at the optimum."""
    rng = stream("experiment", NAME, name)
    known = Gaussian("known", covariance=np.array(1.0))
    if name == "line":
        centres = np.array([-2.0, 0.5, 2.5])[rng.integers(3, size=300)]
        points = (centres + rng.standard_normal(300))[:, None]
        return Atoms(_sample(points), known, {"means": np.linspace(-5.0, 5.0, 25)[:, None]})
    if name == "plane":
        centres = np.array([[-1.5, -1.0], [1.5, -0.5], [0.0, 1.5]])[rng.integers(3, size=300)]
        grid = np.stack(np.meshgrid(np.linspace(-3, 3, 5), np.linspace(-3, 3, 5)), axis=-1)
        points = centres + rng.standard_normal((300, 2))
        return Atoms(_sample(points), known, {"means": grid.reshape(-1, 2)})
    if name == "deaths":
        rates = np.linspace(0.25, 6.25, 25)[:, None]
        return Atoms(times_deaths.make(0).sample, Poisson(), {"rates": rates})
    if name == "waiting":
        points = rng.exponential(np.array([0.5, 3.0])[rng.integers(2, size=300)])[:, None]
        return Atoms(
            _sample(points), Exponential(), {"rates": np.geomspace(0.1, 10.0, 20)[:, None]}
        )
    if name == "profiles":
        ones = rng.uniform(0.1, 0.9, size=(12, 8))
        values = rng.random((300, 8)) < ones[rng.integers(4, size=300)]
        return Atoms(_sample(values.astype(np.float64)), Bernoulli(), {"probabilities": ones})
    # Three components that all have weight at the optimum, where convergence is linear.
    centres = np.array([-2.0, 0.0, 2.0])[rng.integers(3, size=300)]
    points = (centres + rng.standard_normal(300))[:, None]
    return Atoms(_sample(points), known, {"means": np.array([[-2.0], [0.0], [2.0]])})


def _sample(points: Array) -> Sample:
    n_samples = points.shape[0]
    return Sample(points, np.full(n_samples, 1.0 / n_samples), float(n_samples))
