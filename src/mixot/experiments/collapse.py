"""G1: how the loop acts on centroids that all lie near the sample's mean.

Left, the Jacobian of the library's step where all means coincide, by differences, in all means and
weights. Right, for the cost |x - mu|^2 and S the covariance of the sample (from singular values),

    delta_k -> (2 / eps) S (delta_k - sum_l pi_l delta_l),    spectral radius 2 lambda_max(S) / eps,

for any weights and any number of components. Weights that move with the plan stay where they are
put: they add eigenvalues 1 that have nothing to do with a split, and neither block acts on the
other. For the balanced plan, whose potentials move in the second order only, all is the same.
"""

from dataclasses import dataclass

import numpy as np

from mixot.evidence.records import Sides, difference, record
from mixot.experiments._splits import LOOPS, Loop, collapsed, covariance, derivative
from mixot.experiments._squares import FAMILY, squares_sample
from mixot.experiments.outcome import Outcome, at
from mixot.streams import stream
from mixot.types import Array, Mixture, Sample

NAME = "collapse"
PROBLEMS = ("faithful", "iris", "wine", "isotropic", "well_separated", "anisotropic", "imbalanced")


@dataclass(frozen=True)
class Options:
    """fractions: temperatures, over 2 lambda_max(S); n_components: their numbers, in turn."""

    problems: tuple[str, ...] = PROBLEMS
    n_samples: int = 150
    n_components: tuple[int, ...] = (2, 3, 4)
    fractions: tuple[float, ...] = (0.5, 1.0, 2.0)


def run(options: Options) -> Outcome:
    """Compare Jacobians on every problem at every temperature."""
    found = []
    for index, name in enumerate(options.problems):
        sample = squares_sample(NAME, name, options.n_samples)
        rng = stream("experiment", NAME, name)
        n_components = options.n_components[index % len(options.n_components)]
        at_collapse = collapsed(sample, rng.dirichlet(np.full(n_components, 3.0)))
        for fraction in options.fractions:
            for loop in LOOPS:
                records = _compare(sample, at_collapse, fraction, loop)
                found += at(name, FAMILY.name, records)
    return Outcome(tuple(found))


def _compare(
    sample: Sample, at_collapse: Mixture, fraction: float, loop: Loop
) -> list[dict[str, object]]:
    weights = at_collapse.weights
    centred = sample.points - sample.weights @ sample.points
    _, singular, axes = np.linalg.svd(
        centred * np.sqrt(sample.weights)[:, None], full_matrices=False
    )
    epsilon = 2.0 * fraction * float(singular[0]) ** 2
    spread = (axes.T * singular**2) @ axes

    def mapped(projection: Array, scatter: Array) -> Array:
        return np.asarray(2.0 / epsilon * np.kron(projection, scatter))

    identity: Array = np.eye(weights.size)
    expected = mapped(identity - weights, spread)
    jacobian, mixed, neutral = _jacobian(sample, at_collapse, epsilon, loop)
    radius = float(np.abs(np.linalg.eigvals(jacobian)).max())
    sides = Sides(
        state=f"{loop}, epsilon {fraction:g} x 2 lambda_max",
        left="fitting.step, differences of five points",
        right="2 / epsilon x (I - 1 pi') x S",
        notes=f"{weights.size} components",
    )
    unweighted = covariance(sample.points, np.ones_like(sample.weights))
    mistaken = mapped(identity - weights, unweighted)
    unprojected = mapped(identity, spread)
    whole = max(radius, 1.0) if loop == "free" else radius
    found = [
        record(
            "G1",
            "jacobian",
            difference(jacobian, expected),
            epsilon=epsilon,
            control={
                "observations unweighted": difference(jacobian, mistaken),
                "means not projected": difference(jacobian, unprojected),
            },
            **sides,
        ),
        record(
            "G1",
            "spectral radius",
            difference(radius, 1.0 / fraction),
            epsilon=epsilon,
            control={
                "lambda_max / epsilon": difference(radius, 0.5 / fraction),
                "neutral weights left in": difference(whole, 1.0 / fraction),
            },
            **sides,
        ),
    ]
    if loop == "free":
        found += [
            record("G1", "weights and means mixed", mixed, epsilon=epsilon, **sides),
            record("G1", "weights neutral", neutral, epsilon=epsilon, **sides),
        ]
    return found


def _jacobian(
    sample: Sample, at_collapse: Mixture, epsilon: float, loop: Loop
) -> tuple[Array, float, float]:
    """Return the means' block (K d, K d), the largest mixed entry, and |weights' block - I|."""
    shape = np.shape(at_collapse.parameters["means"])
    columns, mixed, neutral = [], 0.0, 0.0
    for entry in range(shape[0] * shape[1]):
        unit = np.zeros(shape)
        unit.flat[entry] = 1.0
        means, weights = derivative(sample, at_collapse, epsilon, loop, unit)
        columns.append(means.ravel())
        mixed = max(mixed, float(np.abs(weights).max()))
    if loop == "free":
        for k in range(1, shape[0]):
            change = np.zeros(shape[0])
            change[[0, k]] = 1.0, -1.0
            means, weights = derivative(
                sample, at_collapse, epsilon, loop, np.zeros(shape), 0.05 * change
            )
            mixed = max(mixed, float(np.abs(means).max()))
            neutral = max(neutral, float(np.abs(weights - 0.05 * change).max()))
    return np.stack(columns, axis=1), mixed, neutral
