"""Where the estimators' fits begin: drawn, given, or both.

What the user gives takes the place of what would be drawn. Given component parameters already tell
the components apart: nothing is drawn then, and what they leave open is that of the one-component
fit, with equal weights. Given weights alone do not, so that the rest is drawn.

Linearly dependent columns make all covariances singular, those of every beginning too. Such a one
is widened, so that there is a regular mixture for the fit to return when it says so.

Where some labels are known, the components of a drawn mixture are numbered as they say.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from mixot.errors import InputError
from mixot.families import Family
from mixot.families.base import take
from mixot.fitting import responsibilities
from mixot.fitting.starts import start
from mixot.fitting.starts.given import checked_mixture
from mixot.types import Mixture, Parameters, Sample

# A standard deviation of a thousandth of the component's, in the directions that have none.
_WIDENING = 1e-6


def merged(parameters: Mapping[str, Any] | None, **named: Any) -> dict[str, Any]:
    """Return the initial parameters that were given, by name; none of them twice."""
    given = {name: value for name, value in named.items() if value is not None}
    for name, value in (parameters or {}).items():
        if name in given:
            raise InputError(f"parameters_init: the initial {name} are given twice")
        given[name] = value
    return given


def begin(
    sample: Sample,
    family: Family,
    n_components: int,
    init: Any,
    weights: Any,
    parameters: Mapping[str, Any],
    rng: np.random.Generator,
    labels: NDArray[Any] | None = None,
) -> Mixture:
    """Return the mixture to begin with, checked; `init` is that of `mixot.fitting.starts.start`.

    labels: (n,) known components, -1 where unknown, or None.
    """
    mixture = _unwidened(sample, family, n_components, init, weights, parameters, rng, labels)
    if family.regular(mixture.parameters, mixture.parameters).all():
        return mixture
    return Mixture(mixture.weights, _widened(family, mixture.parameters))


def _unwidened(
    sample: Sample,
    family: Family,
    n_components: int,
    init: Any,
    weights: Any,
    parameters: Mapping[str, Any],
    rng: np.random.Generator,
    labels: NDArray[Any] | None,
) -> Mixture:
    if parameters:
        uniform = np.full(n_components, 1.0 / n_components)
        base = Mixture(uniform, family.initial(sample, n_components))
    else:
        base = start(sample, family, n_components, init, rng=rng)
        if labels is not None and isinstance(init, str):
            base = _numbered(sample, family, base, labels)
        if weights is None:
            return base
    shares = base.weights if weights is None else weights
    given = Mixture(shares, {**base.parameters, **parameters})
    return checked_mixture(given, base.parameters, n_components, "what the fit begins with")


def _numbered(sample: Sample, family: Family, mixture: Mixture, labels: NDArray[Any]) -> Mixture:
    """Return the mixture with its components in the order that agrees best with known labels.

    Labels that make no sense are left for the fit to refuse.
    """
    size = mixture.n_components
    if labels.shape != sample.weights.shape or labels.dtype.kind not in "iuf":
        return mixture
    known = np.flatnonzero((labels >= 0) & (labels < size))
    shares = responsibilities(sample.points[known], mixture, family)
    table = np.zeros((size, size))
    np.add.at(table, labels[known].astype(np.intp), sample.weights[known, None] * shares)
    _, order = linear_sum_assignment(table, maximize=True)
    return Mixture(mixture.weights[order], take(family, mixture.parameters, order))


def _widened(family: Family, parameters: Parameters) -> Parameters:
    """Return the parameters with a millionth of its variances added to every covariance."""
    matrices = [name for name, domain in family.domains.items() if domain.kind == "covariance"]
    return {
        **parameters,
        **{
            name: parameters[name] * (1.0 + _WIDENING * np.eye(parameters[name].shape[-1]))
            for name in matrices
        },
    }


def is_drawn(init: Any, parameters: Mapping[str, Any]) -> bool:
    """Say whether another beginning may be another mixture."""
    return not parameters and (isinstance(init, str) or callable(init))


def generator(random_state: Any) -> np.random.Generator:
    """Return the random stream that one of scikit-learn's random states stands for."""
    from sklearn.utils import check_random_state

    seeds = check_random_state(random_state).randint(2**32, size=4, dtype=np.uint64)
    return np.random.default_rng(seeds)
