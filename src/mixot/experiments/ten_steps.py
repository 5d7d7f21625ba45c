"""I1c: how near ten steps of population EM come to the truth, and for which separations.

The truth is (N(t, 1) + N(-t, 1)) / 2 and the model has means m and -m. An iteration on the
population is m' = E[x tanh(m x)], and the first one from m = infinity is E|x|. Left, ten steps of
the library's loop from a very distant mean, on nodes of Gauss and Legendre's rule on either side
of 0, where the first step has its kink. Right, the same map by adaptive quadrature, with E|x| in
closed form.

Series: `separations` of the means, 2 t, with the `errors` |m_10 - t| / t by quadrature, and
`threshold`, the separation at which that is one per cent.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy.integrate
import scipy.optimize

from mixot.evidence.records import difference, record
from mixot.experiments import _opposite_means as model
from mixot.experiments._paths import follow
from mixot.experiments.outcome import Outcome, at
from mixot.types import Mixture, Sample

NAME = "ten_steps"
FAMILY = "opposite-means"
N_STEPS = 10
HEADLINE = 0.01
# As good as infinitely far: responsibilities are 0 and 1 at every node.
_FAR = 1e6
_REACH = 9.0


@dataclass(frozen=True)
class Options:
    """means: t, one problem each; those below half a deviation are outside the headline.

    n_curve: points of the curve of errors; n_nodes: of the rule on either side of 0.
    """

    means: tuple[float, ...] = (0.25, 0.4, 0.5, 0.6, 0.75, 1.0, 1.5, 2.0)
    n_curve: int = 60
    n_nodes: int = 200


def run(options: Options) -> Outcome:
    """Compare the errors, and find the separation at which they pass one per cent."""
    found = []
    for t in options.means:
        found += at(f"mean-{t:g}", FAMILY, _compare(t, options.n_nodes))
    threshold = float(
        scipy.optimize.brentq(lambda t: predicted(t) - HEADLINE, 0.4, 0.6, xtol=1e-12)
    )
    found += at(
        "threshold",
        FAMILY,
        [
            record(
                "I1c",
                "separation of one per cent",
                2.0 * threshold,
                state="ten steps",
                left="m' = E[x tanh(m x)] by adaptive quadrature",
                right="reported",
            )
        ],
    )
    curve = np.geomspace(0.1, 1.5, options.n_curve)
    series = {
        "separations": 2.0 * curve,
        "errors": np.array([predicted(float(t)) for t in curve]),
        "threshold": np.array(2.0 * threshold),
    }
    return Outcome(tuple(found), series)


def predicted(t: float, n_steps: int = N_STEPS) -> float:
    """Return |m - t| / t after so many steps from infinity, by quadrature."""
    below = 0.5 * math.erfc(t / math.sqrt(2.0))
    m = t * (1.0 - 2.0 * below) + 2.0 * _normal(t)
    for _ in range(n_steps - 1):
        m = _image(m, t)
    return abs(m - t) / t


def _image(m: float, t: float) -> float:
    def integrand(x: float) -> float:
        return x * math.tanh(m * x) * (_normal(x - t) + _normal(x + t))

    # The integrand is even, and the density half of the sum.
    whole = scipy.integrate.quad(integrand, 0.0, t + _REACH, epsabs=1e-13, epsrel=1e-13, limit=200)
    return float(whole[0])


def _normal(x: float) -> float:
    return math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


def population(t: float, n_nodes: int) -> Sample:
    """Return the population as nodes with masses, symmetric about 0."""
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    half = 0.5 * (t + _REACH)
    x = half * (nodes + 1.0)
    density = np.exp(-0.5 * (x - t) ** 2) + np.exp(-0.5 * (x + t) ** 2)
    mass = np.tile(weights * density, 2)
    return Sample(np.append(x, -x)[:, None], mass / mass.sum(), float(mass.size))


def by_library(t: float, n_nodes: int, n_steps: int = N_STEPS) -> float:
    """Return |m - t| / t after so many steps of the library's loop."""
    start = Mixture(np.full(2, 0.5), model.means(_FAR))
    path = follow(population(t, n_nodes), start, model.OppositeMeans(), n_steps, weights="fixed")
    return abs(float(path.parameters["means"][-1, 0, 0]) - t) / t


def _compare(t: float, n_nodes: int) -> list[dict[str, object]]:
    mine, other = by_library(t, n_nodes), predicted(t)
    found = [
        record(
            "I1c",
            "relative error after ten steps",
            difference(mine, other),
            state="ten steps",
            left="fitting.fit from a distant mean",
            right="m' = E[x tanh(m x)] by adaptive quadrature",
            control={"nine steps": difference(by_library(t, n_nodes, N_STEPS - 1), other)},
            notes=f"error {mine:.6g}",
        )
    ]
    headline = record(
        "I1c",
        "error, one deviation apart or more"
        if t >= 0.5
        else "error, less than one deviation apart",
        mine,
        state="ten steps",
        left="fitting.fit from a distant mean",
        right="one per cent",
        control={"half the separation": by_library(0.5 * t, n_nodes)} if t >= 0.5 else None,
    )
    return [*found, headline]
