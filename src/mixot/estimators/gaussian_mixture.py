"""`GaussianMixture`: scikit-learn's, fitted by mixot.

Constructor, validation, initial responsibilities, sampling, criteria and messages are inherited,
so that replacing the import changes nothing but how the fit is computed. With F_t the objective
after t M-steps, their iteration N evaluates the mixture before its M-step, -F_{N-1}, and stops if
that differs from the iteration before by less than `tol`: `n_iter_` counts M-steps, `lower_bound_`
is -F_{N-1}, and the mixture returned is already one step further.

Where this differs from scikit-learn, numbered:

1. `certificate_` and `status_` say how far the result is from the optimum, which `converged_`, the
   rule above, does not.
2. Variances that vanish in a diagonal or spherical fit with reg_covar=0 end it at the last regular
   mixture, with a warning; theirs go on with round-off for variances. In full and tied fits both
   raise.
3. A component without mass keeps its parameters; theirs moves to the origin.
4. weights_ sum to 1 for max_iter=0 too; theirs sum to K / n after "k-means++" and
   "random_from_data". The log of that sum enters their first lower bound, and so ours.
"""

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as _Theirs
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from mixot.estimators.gaussian_factors import covariances_of, factors_of, precisions_of
from mixot.estimators.progress import Progress
from mixot.families.gaussian import Gaussian
from mixot.fitting import Certificate, Fit, fit
from mixot.fitting.stopping import certify
from mixot.types import Mixture, Sample, Status

# `status_` vouches for a mixture whose projected distance to the limit is at most this.
_CERTIFIED = 1e-6

_NOT_CONVERGED = (
    "Best performing initialization did not converge. Try different init parameters, or increase "
    "max_iter, tol, or check for degenerate data."
)
_ILL_DEFINED = (
    "Fitting the mixture model failed because some components have ill-defined empirical "
    "covariance (for instance caused by singleton or collapsed samples). Try to decrease the "
    "number of components, increase reg_covar, or scale the input data."
)


class GaussianMixture(_Theirs):  # type: ignore[misc]
    """Drop-in for `sklearn.mixture.GaussianMixture`, with the same parameters and attributes.

    For the same data and random_state the fitted parameters agree to rounding. Besides:

    Attributes
    ----------
    certificate_ : Certificate
        Length of the last step, its rate, and the projected distance to the limit.
    status_ : Status or None
        What is true of the result whatever `tol` was: "converged" if the projected distance is at
        most 1e-6, "stopped" if scikit-learn's rule ended the fit before that distance was reached,
        "max_iter", or a degeneracy. None if max_iter=0.

    Notes
    -----
    With reg_covar > 0 the iteration does not maximise the likelihood and its limit is not the
    maximum-likelihood estimate. `mixot.MixtureModel` adds nothing to covariances unless asked to.
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit the mixture to X (n, d); y is ignored."""
        del y
        self._fit(X)
        return self

    def fit_predict(self, X: Any, y: Any = None) -> NDArray[np.intp]:
        """Fit the mixture to X (n, d) and return the component of each row."""
        del y
        labels = self._estimate_weighted_log_prob(self._fit(X)).argmax(axis=1)
        return np.asarray(labels)

    def _fit(self, X: Any) -> NDArray[Any]:
        """Fit and publish; return the validated points."""
        self._validate_params()
        points: NDArray[Any] = validate_data(
            self, X, dtype=[np.float64, np.float32], ensure_min_samples=2
        )
        n_samples = points.shape[0]
        if n_samples < self.n_components:
            raise ValueError(
                "Expected n_samples >= n_components but got n_components = "
                f"{self.n_components}, n_samples = {n_samples}"
            )
        self._check_parameters(points, xp=np)
        sample = Sample(
            np.ascontiguousarray(points, dtype=np.float64),
            np.full(n_samples, 1.0 / n_samples),
            float(n_samples),
        )
        resumed = self.warm_start and hasattr(self, "converged_")
        self.converged_ = False
        random_state = check_random_state(self.random_state)
        best: tuple[Progress, Fit] | None = None
        for number in range(1 if resumed else self.n_init):
            self._print_verbose_msg_init_beg(number)
            if not resumed:
                self._initialize_parameters(points, random_state, xp=np)
            start, surplus = self._start(resumed)
            if self.max_iter == 0:
                continue
            before = float(self.lower_bound_) if resumed else -np.inf
            progress = Progress(self.tol, before, surplus, self._print_verbose_msg_iter_end)
            fitted = self._descend(sample, start, progress)
            self._print_verbose_msg_init_end(progress.lower_bound, fitted.converged)
            if best is None or progress.lower_bound > best[0].lower_bound:
                best = progress, fitted
        if best is None:
            self._publish(start, points.dtype)
            self.n_iter_ = 0
            self.lower_bound_: float = -np.inf
            self.lower_bounds_: list[float] = []
            self.status_: Status | None = None
            self.certificate_: Certificate = certify(np.empty(0), np.inf)
        else:
            self._record(*best, points.dtype)
        return points

    def _start(self, resumed: bool) -> tuple[Mixture, float]:
        """Return the mixture that scikit-learn begins with, and the log of its weights' sum."""
        weights = np.asarray(self.weights_, dtype=np.float64)
        if self.precisions_init is None or resumed:
            covariances = np.asarray(self.covariances_, dtype=np.float64)
        else:
            covariances = covariances_of(self.precisions_cholesky_, self.covariance_type)
        total = weights.sum()
        means = np.array(self.means_, dtype=np.float64)
        parameters = {"means": means, "covariances": covariances}
        return Mixture(weights / total, parameters), float(np.log(total))

    def _descend(self, sample: Sample, start: Mixture, progress: Progress) -> Fit:
        family = Gaussian(self.covariance_type, ridge=float(self.reg_covar))
        fitted = fit(
            sample, start, family, tol=_CERTIFIED, max_iter=self.max_iter, stop=progress.stop
        )
        if fitted.status is Status.SINGULAR and self.covariance_type in ("full", "tied"):
            raise ValueError(_ILL_DEFINED)
        if fitted.status is Status.NONFINITE:
            raise ValueError(fitted.message)
        progress.finish(fitted.trace.objective)
        return fitted

    def _record(self, progress: Progress, fitted: Fit, dtype: np.dtype[Any]) -> None:
        """Set what is known of the best fit, and warn of what scikit-learn warns of."""
        self._publish(fitted.mixture, dtype)
        self.converged_ = fitted.converged
        self.n_iter_ = fitted.n_iter
        self.lower_bound_ = progress.lower_bound
        self.lower_bounds_ = progress.lower_bounds
        self.certificate_ = fitted.certificate
        self.status_ = fitted.status
        if not fitted.converged:
            trouble = "" if fitted.status is Status.MAX_ITER else f" {fitted.message}"
            warnings.warn(_NOT_CONVERGED + trouble, ConvergenceWarning, stacklevel=4)

    def _publish(self, mixture: Mixture, dtype: np.dtype[Any]) -> None:
        covariances = mixture.parameters["covariances"]
        factors = factors_of(covariances, self.covariance_type)
        self.weights_ = mixture.weights.astype(dtype)
        self.means_ = mixture.parameters["means"].astype(dtype)
        self.covariances_ = covariances.astype(dtype)
        self.precisions_cholesky_ = factors.astype(dtype)
        self.precisions_ = precisions_of(factors, self.covariance_type).astype(dtype)

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags; arrays are NumPy's."""
        tags = super().__sklearn_tags__()
        tags.array_api_support = False
        return tags
