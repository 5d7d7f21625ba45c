"""I3: one matrix says how fast Sinkhorn's algorithm and EM for the weights converge.

At weights pi that maximise the likelihood the E-step plan P is also the balanced plan between a and
pi. Right, by the reference, the eigenvalues 1 = l_1 > l_2 >= ... >= l_K of

    G = P' diag(1/a) P diag(1/pi).

Left, by the library: a sweep of its Sinkhorn solver, whose derivative in g has the eigenvalues l_2,
..., l_K, so that the slowest error shrinks by l_2; and a step of its EM with frozen parameters,
whose derivative in pi has 1 - l_2, ..., 1 - l_K, so that the slowest shrinks by 1 - l_K. Where
clusters overlap the first is fast and the second slow, and where they are apart the reverse.

Series: `separations`; `rates` (2, m) predicted and `seen` (2, m) from runs, for Sinkhorn and EM,
of the first seed; and at the first and the last separation the marginal errors sweep by sweep,
`{overlapping|apart} {sinkhorn|em|newton}`.
"""

from dataclasses import dataclass

import numpy as np

from mixot.evidence.records import Sides, difference, record
from mixot.experiments._clusters import (
    FAMILY,
    Clusters,
    clusters,
    newton_sweeps,
    sinkhorn_sweep,
    sinkhorn_sweeps,
)
from mixot.experiments._information import jacobian
from mixot.experiments._paths import follow
from mixot.experiments.outcome import Outcome, at
from mixot.fitting.constraints import Constraints
from mixot.reference import likelihood
from mixot.reference import weights as reference
from mixot.streams import stream
from mixot.types import Array, Mixture

NAME = "two_rates"
# Steps are compared where the slowest direction is alone and rounding is not yet felt.
_LARGEST, _SMALLEST = 1e-5, 1e-10
_LENGTH = 1e-3


@dataclass(frozen=True)
class Options:
    """separations: of neighbouring means, one problem each; most: sweeps that are followed."""

    separations: tuple[float, ...] = (1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0)
    seeds: int = 3
    n_samples: int = 400
    n_components: int = 3
    most: int = 1000


def run(options: Options) -> Outcome:
    """Compare both rates at every separation."""
    found = []
    rates = np.empty((2, 2, len(options.separations)))
    series: dict[str, Array] = {"separations": np.array(options.separations)}
    for column, separation in enumerate(options.separations):
        for seed in range(options.seeds):
            drawn = clusters(NAME, separation, seed, options.n_samples, options.n_components)
            records, both, errors = _compare(drawn, options, seed)
            found += at(f"separation-{separation:g}", FAMILY, records, seed)
            if seed == 0:
                rates[:, :, column] = both
                where = {0: "overlapping", len(options.separations) - 1: "apart"}.get(column)
                if where is not None:
                    series |= {f"{where} {name}": values for name, values in errors.items()}
    series |= {"rates": rates[0], "seen": rates[1]}
    return Outcome(tuple(found), series)


def eigenvalues(drawn: Clusters) -> tuple[Array, Array]:
    """Return the reference's best weights (K,), and l_1, ..., l_K there in descending order."""
    cost, a = drawn.other_cost, drawn.sample.weights
    weights = reference.minimise_likelihood(cost, a, drawn.weights).weights
    plan = likelihood.estep_plan(cost, a, weights)
    matrix = plan.T @ (plan / a[:, None]) / weights
    return weights, np.sort(np.linalg.eigvals(matrix).real)[::-1]


def _compare(
    drawn: Clusters, options: Options, seed: int
) -> tuple[list[dict[str, object]], Array, dict[str, Array]]:
    weights, values = eigenvalues(drawn)
    predicted = {"Sinkhorn": values[1], "EM": 1.0 - values[-1]}
    slopes = {"Sinkhorn": _sinkhorn_slopes(drawn, weights), "EM": _em_slopes(drawn, weights)}
    expected = {"Sinkhorn": values[1:], "EM": np.sort(1.0 - values[1:])[::-1]}

    rng = stream("experiment", NAME, "start", seed)
    g = rng.normal(size=weights.size)
    cost, a = drawn.cost, drawn.sample.weights
    swept = sinkhorn_sweeps(cost, a, weights, g, options.most)
    start = Mixture(rng.dirichlet(np.full(weights.size, 4.0)), {"means": drawn.means})
    path = follow(
        drawn.sample,
        start,
        drawn.family,
        options.most,
        constraints=Constraints(frozen_parameters=["means"]),
    )
    steps = {
        "Sinkhorn": np.abs(np.diff(swept.potentials, axis=0)).max(axis=1),
        "EM": np.abs(np.diff(path.weights, axis=0)).max(axis=1),
    }
    seen = {method: _last_ratio(lengths) for method, lengths in steps.items()}
    found = []
    for method, other in (("Sinkhorn", "EM"), ("EM", "Sinkhorn")):
        sides = Sides(
            state="best weights",
            left="transport.solve(sinkhorn)" if method == "Sinkhorn" else "fitting.fit",
            right="eigenvalues of G, by reference.weights and reference.likelihood",
            notes=f"predicted {predicted[method]:.6f}, seen {seen[method]:.6f}",
        )
        found += [
            record(
                "I3",
                f"slopes of {method}",
                difference(slopes[method], expected[method]),
                control={"the other's": difference(slopes[method], expected[other])},
                **sides,
            ),
            record(
                "I3",
                f"rate of {method}",
                difference(seen[method], predicted[method]),
                control={"the other's": difference(seen[method], predicted[other])},
                **sides,
            ),
        ]
    errors = {
        "sinkhorn": swept.errors,
        "em": np.abs(np.diff(path.weights, axis=0)).sum(axis=1),
        "newton": newton_sweeps(cost, a, weights, g).errors,
    }
    both = np.array([[values[1], 1.0 - values[-1]], [seen["Sinkhorn"], seen["EM"]]])
    return found, both, errors


def _em_slopes(drawn: Clusters, weights: Array) -> Array:
    """Return the eigenvalues (K - 1,) of an EM step in the first K - 1 weights."""
    frozen = Constraints(frozen_parameters=["means"])

    def moved(first: Array) -> Array:
        start = Mixture(np.append(first, 1.0 - first.sum()), {"means": drawn.means})
        return follow(drawn.sample, start, drawn.family, 1, constraints=frozen).weights[-1, :-1]

    return _ordered(jacobian(moved, weights[:-1], _LENGTH * weights[:-1]))


def _sinkhorn_slopes(drawn: Clusters, weights: Array) -> Array:
    """Return the eigenvalues (K - 1,) of a sweep in the first K - 1 potentials less the last."""
    cost, a = drawn.cost, drawn.sample.weights

    def moved(first: Array) -> Array:
        g = sinkhorn_sweep(cost, a, weights, np.append(first, 0.0))
        return g[:-1] - g[-1]

    # At the best weights the potential is a constant.
    size = weights.size - 1
    return _ordered(jacobian(moved, np.zeros(size), np.full(size, _LENGTH)))


def _ordered(slopes: Array) -> Array:
    return np.sort(np.linalg.eigvals(slopes).real)[::-1]


def _last_ratio(lengths: Array) -> float:
    usable = lengths[(lengths < _LARGEST) & (lengths > _SMALLEST)]
    return float(usable[-1] / usable[-2]) if usable.size > 1 else float("nan")
