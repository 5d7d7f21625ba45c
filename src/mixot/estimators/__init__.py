"""The faces: estimators with the habits of scikit-learn over the functions of the fitting core.

`mixot` loads this package, and scikit-learn with it, when one of its names is first asked for.
"""

from mixot.estimators.gaussian_mixture import GaussianMixture
from mixot.estimators.mixture_model import MixtureModel

__all__ = ["GaussianMixture", "MixtureModel"]
