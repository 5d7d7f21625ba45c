"""A small random problem for every family of the library, as the library and the reference take it.

The sample is drawn at random parameters and looked at from others, a random step away, with random
weights of the observations and of the components: nothing there is a fixed point, and no two sides
of an equality are zero for that reason.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import expit, logit

from mixot.families.base import Family
from mixot.families.bernoulli import Bernoulli
from mixot.families.categorical import Categorical
from mixot.families.exponential import Exponential
from mixot.families.gamma import Gamma
from mixot.families.gaussian import Gaussian
from mixot.families.multinomial import Multinomial
from mixot.families.poisson import Poisson
from mixot.families.product import Product
from mixot.families.student_t import StudentT
from mixot.families.von_mises_fisher import VonMisesFisher
from mixot.reference import more_densities
from mixot.streams import stream
from mixot.types import Array, Mixture, Parameters, Sample

N_COMPONENTS = 3
_KNOWN = np.array([[1.3, 0.4], [0.4, 0.9]])
# How far the parameters looked at lie from those that the sample was drawn at, in the units of
# `displaced`.
_AWAY = 0.3

Draw = Callable[[np.random.Generator], dict[str, Array]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A family with its options for the reference, and how to draw its parameters."""

    family: Family
    draw: Draw
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """A sample, the mixture from which it is looked at, and a direction for its parameters."""

    name: str
    family: Family
    options: Mapping[str, Any]
    sample: Sample
    mixture: Mixture
    direction: Parameters

    def cost(self, parameters: Parameters) -> Array:
        """Return -log p_k(x_i) by the library, (n, K)."""
        return -self.family.log_density(self.sample.points, parameters)

    def reference_cost(self, parameters: Parameters) -> Array:
        """Return -log p_k(x_i) by the reference, (n, K)."""
        return more_densities.costs(
            self.family.name, self.sample.points, dict(parameters), **self.options
        )

    def moved(self, t: float) -> Mixture:
        """Return the mixture with its parameters moved by t along the direction."""
        parameters = displaced(self.family, self.mixture.parameters, self.direction, t)
        return Mixture(self.mixture.weights, parameters)


def case(name: str, n_samples: int, seed: int, experiment: str) -> Case:
    """Return the problem called `name` (one of `KINDS`) with so many observations."""
    kind = KINDS[name]
    rng = stream("experiment", experiment, name, seed)
    truth = kind.draw(rng)
    # Every component gets observations, however few there are.
    labels = np.arange(n_samples) % N_COMPONENTS
    points = kind.family.sample(truth, labels.astype(np.float64), rng)
    sample = Sample(points, rng.dirichlet(np.full(n_samples, 5.0)), float(n_samples))
    away = directions(truth, rng)
    weights = rng.dirichlet(np.full(N_COMPONENTS, 5.0))
    mixture = Mixture(weights, displaced(kind.family, truth, away, _AWAY))
    ahead = directions(truth, rng)
    return Case(name, kind.family, kind.options, sample, mixture, ahead)


def directions(parameters: Parameters, rng: np.random.Generator) -> Parameters:
    """Draw a direction: a number of unit size for every entry of the parameters."""
    return {name: rng.normal(size=np.shape(values)) for name, values in parameters.items()}


def displaced(
    family: Family, parameters: Parameters, direction: Parameters, t: float
) -> Parameters:
    """Return the parameters a step t along a curve that stays where they live.

    Logarithms of what is positive move on lines, logits of probabilities, and square roots of
    covariances; points move by half a unit and matrices by a third.
    """
    found = {}
    for name, values in parameters.items():
        domain = family.domains.get(name)
        move = t * direction[name]
        found[name] = _CURVES["real" if domain is None else domain.kind](values, move)
    return found


def _simplex(values: Array, move: Array) -> Array:
    grown = values * np.exp(move)
    return np.asarray(grown / grown.sum(axis=-1, keepdims=True))


def _sphere(values: Array, move: Array) -> Array:
    turned = values + move
    return np.asarray(turned / np.linalg.norm(turned, axis=-1, keepdims=True))


def _covariance(values: Array, move: Array) -> Array:
    factor = np.eye(values.shape[-1]) + move / 3.0
    return np.asarray(factor @ values @ np.swapaxes(factor, -1, -2))


def _positive(values: Array, move: Array) -> Array:
    return np.asarray(values * np.exp(move))


_CURVES: dict[str, Callable[[Array, Array], Array]] = {
    "real": lambda values, move: values + 0.5 * move,
    "location": lambda values, move: values + 0.5 * move,
    "positive": _positive,
    "mean": _positive,
    "unit": lambda values, move: np.asarray(expit(logit(values) + move)),
    "simplex": _simplex,
    "covariance": _covariance,
    "sphere": _sphere,
    "fixed": lambda values, move: values,
}


def _matrices(rng: np.random.Generator, size: int = N_COMPONENTS, d: int = 2) -> Array:
    factors = rng.normal(size=(size, d, d)) / 2.0
    return np.asarray(factors @ np.swapaxes(factors, 1, 2) + 0.6 * np.eye(d))


def _about_means(covariance_type: str, *, estimated: bool = False) -> Draw:
    """Draw means and covariances of a shape in the plane, and degrees of freedom if they are so."""

    def draw(rng: np.random.Generator) -> dict[str, Array]:
        found = {"means": 1.7 * rng.normal(size=(N_COMPONENTS, 2))}
        if covariance_type == "full":
            found["covariances"] = _matrices(rng)
        elif covariance_type == "tied":
            found["covariances"] = _matrices(rng, 1)[0]
        elif covariance_type != "known":
            shape = (N_COMPONENTS, 2) if covariance_type == "diag" else (N_COMPONENTS,)
            found["covariances"] = rng.uniform(0.5, 1.5, shape)
        if estimated:
            found["degrees_of_freedom"] = rng.uniform(2.0, 8.0, N_COMPONENTS)
        return found

    return draw


def _rates(rng: np.random.Generator) -> dict[str, Array]:
    return {"rates": np.exp(rng.normal(size=(N_COMPONENTS, 2)))}


def _counts(rng: np.random.Generator) -> dict[str, Array]:
    return {"rates": rng.uniform(1.0, 9.0, (N_COMPONENTS, 2))}


def _chances(n_columns: int) -> Draw:
    def draw(rng: np.random.Generator) -> dict[str, Array]:
        return {"probabilities": rng.uniform(0.15, 0.85, (N_COMPONENTS, n_columns))}

    return draw


def _tables(*categories: int) -> Draw:
    """Draw tables as wide as the widest column, with zeros where a column has fewer codes."""

    def draw(rng: np.random.Generator) -> dict[str, Array]:
        tables = np.zeros((N_COMPONENTS, len(categories), max(categories)))
        for j, number in enumerate(categories):
            tables[:, j, :number] = rng.dirichlet(np.full(number, 2.0), N_COMPONENTS)
        return {"probabilities": tables}

    return draw


def _votes(rng: np.random.Generator) -> dict[str, Array]:
    # Half a trial makes totals differ from row to row.
    return {
        "probabilities": rng.dirichlet(np.full(4, 2.0), N_COMPONENTS),
        "trials": np.array([6.5, 9.5, 7.5]),
    }


def _shapes(n_columns: int) -> Draw:
    def draw(rng: np.random.Generator) -> dict[str, Array]:
        return {
            "shapes": rng.uniform(1.5, 8.0, (N_COMPONENTS, n_columns)),
            "rates": np.exp(0.5 * rng.normal(size=(N_COMPONENTS, n_columns))),
        }

    return draw


def _caps(n_features: int) -> Draw:
    def draw(rng: np.random.Generator) -> dict[str, Array]:
        centres = rng.normal(size=(N_COMPONENTS, n_features))
        return {
            "directions": centres / np.linalg.norm(centres, axis=1, keepdims=True),
            "concentrations": rng.uniform(2.0, 10.0, N_COMPONENTS),
        }

    return draw


def _joined(*draws: Draw) -> Draw:
    def draw(rng: np.random.Generator) -> dict[str, Array]:
        return {
            f"{b}.{name}": values
            for b, block in enumerate(draws)
            for name, values in block(rng).items()
        }

    return draw


KINDS: dict[str, Kind] = {
    **{
        f"gaussian-{shape}": Kind(Gaussian(shape), _about_means(shape))
        for shape in ("full", "tied", "diag", "spherical")
    },
    "gaussian-known": Kind(
        Gaussian("known", _KNOWN), _about_means("known"), {"covariance": _KNOWN}
    ),
    "poisson": Kind(Poisson(), _counts),
    "bernoulli": Kind(Bernoulli(), _chances(6)),
    "categorical": Kind(Categorical((4, 3, 2, 3)), _tables(4, 3, 2, 3)),
    "multinomial": Kind(Multinomial(), _votes),
    "exponential": Kind(Exponential(), _rates),
    "gamma": Kind(Gamma(), _shapes(2)),
    **{f"directions-in-{d}": Kind(VonMisesFisher(), _caps(d)) for d in (2, 3, 8)},
    "student-full": Kind(StudentT("full", df=4.0), _about_means("full"), {"df": 4.0}),
    "student-tied": Kind(StudentT("tied", df=3.0), _about_means("tied"), {"df": 3.0}),
    "student-diag": Kind(StudentT("diag", df=2.5), _about_means("diag"), {"df": 2.5}),
    "cauchy-spherical": Kind(StudentT("spherical", df=1.0), _about_means("spherical"), {"df": 1.0}),
    "student-estimated": Kind(
        StudentT("full", df="estimate"), _about_means("full", estimated=True)
    ),
    "mixed-data": Kind(
        Product([(Gaussian("full"), [0, 1]), (Bernoulli(), [2, 3]), (Poisson(), [4, 5])]),
        _joined(_about_means("full"), _chances(2), _counts),
        {
            "blocks": (
                ("gaussian-full", (0, 1), {}),
                ("bernoulli", (2, 3), {}),
                ("poisson", (4, 5), {}),
            )
        },
    ),
    "mixed-heavy-tails": Kind(
        Product([(StudentT("diag", df=4.0), [3, 1]), (Gamma(), [0]), (Categorical(3), [2])]),
        _joined(_about_means("diag"), _shapes(1), _tables(3)),
        {
            "blocks": (
                ("student_t-diag", (3, 1), {"df": 4.0}),
                ("gamma", (0,), {}),
                ("categorical", (2,), {}),
            )
        },
    ),
}
