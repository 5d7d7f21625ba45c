"""What a fitted mixture can be asked: the half of the estimator that needs no fit.

Everything is computed from `weights_`, `parameters_`, `family_`, `potential_` and the request of
the last fit.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from mixot.estimators import assignments, beginnings
from mixot.estimators.inputs import row_weights
from mixot.estimators.requests import Request, check_count
from mixot.families import Family
from mixot.types import Array, Mixture, Parameters


class FittedMixture(DensityMixin, BaseEstimator):  # type: ignore[misc]
    """Labels, shares, likelihoods, criteria and samples of a mixture that was fitted."""

    random_state: Any

    def predict(self, X: Any) -> NDArray[np.intp]:
        """Return the component with the largest share of each row, shape (n,)."""
        labels = assignments.best(self._points(X), *self._plan())
        return labels.astype(np.intp, copy=False)

    def predict_proba(self, X: Any) -> Array:
        """Return each component's share of each row under the fitted plan, shape (n, K).

        For the balanced coupling with the potential of the sample, `potential_`.
        """
        return assignments.rows(self._points(X), *self._plan())

    def score_samples(self, X: Any) -> Array:
        """Return the log-likelihood of each row under the mixture, shape (n,)."""
        points = self._points(X)
        return assignments.log_likelihoods(points, self._mixture(), self.family_)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return the (weighted) mean log-likelihood of the rows."""
        del y
        scores = self.score_samples(X)
        return float(np.average(scores, weights=row_weights(sample_weight, scores)))

    def sample(self, n_samples: int = 1) -> tuple[Array, NDArray[np.intp]]:
        """Draw points (n, d) and the components that they come from (n,)."""
        check_is_fitted(self)
        check_count("n_samples", n_samples, 1)
        rng = beginnings.generator(self.random_state)
        labels = rng.choice(self.weights_.size, size=n_samples, p=self.weights_)
        return self.family_.sample(self.parameters_, np.asarray(labels, np.float64), rng), labels

    def aic(self, X: Any, sample_weight: Any = None) -> float:
        """Return Akaike's criterion on X, lower is better."""
        scores = self.score_samples(X)
        total = float(row_weights(sample_weight, scores) @ scores)
        return 2.0 * self._n_parameters() - 2.0 * total

    def bic(self, X: Any, sample_weight: Any = None) -> float:
        """Return the Bayesian criterion on X, lower is better; n is the sum of the weights."""
        scores = self.score_samples(X)
        weights = row_weights(sample_weight, scores)
        penalty = self._n_parameters() * np.log(weights.sum())
        return float(penalty - 2.0 * weights @ scores)

    def icl(self, X: Any, sample_weight: Any = None) -> float:
        """Return BIC plus twice the entropy of the posteriors, lower is better.

        The integrated complete-data criterion [Biernacki, Celeux & Govaert 2000], which asks for
        separated components.
        """
        entropies = assignments.entropies(self._points(X), self._mixture(), self.family_)
        weights = row_weights(sample_weight, entropies)
        return self.bic(X, sample_weight) + 2.0 * float(weights @ entropies)

    def _publish(self, mixture: Mixture, request: Request, g: Array, n_frozen: int = 0) -> None:
        """Set what describes the mixture, and drop the parameters of an earlier family."""
        for name in getattr(self, "parameters_", {}):
            delattr(self, f"{name}_")
        self.family_ = request.family
        self.weights_ = mixture.weights
        self.parameters_: Parameters = dict(mixture.parameters)
        for name, values in self.parameters_.items():
            setattr(self, f"{name}_", values)
        self.potential_ = g
        self._request = request
        self._n_frozen = n_frozen

    def _points(self, X: Any) -> Array:
        check_is_fitted(self)
        points: Array = validate_data(self, X, dtype=np.float64, order="C", reset=False)
        return points

    def _mixture(self) -> Mixture:
        return Mixture(self.weights_, self.parameters_)

    def _plan(self) -> tuple[Mixture, Family, str, float, Array]:
        request = self._request
        return (
            self._mixture(),
            self.family_,
            request.plan,
            request.final_epsilon,
            self.potential_,
        )

    def _n_parameters(self) -> int:
        check_is_fitted(self)
        size = self.weights_.size
        n_free = size - 1 if self._request.has_free_weights else 0
        return self.family_.n_parameters(size, self.n_features_in_) - self._n_frozen + n_free
