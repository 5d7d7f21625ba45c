"""`MixtureModel`: any family, any coupling, with scikit-learn's habits.

The class holds what the user asked for and what came out; functions do the work: `requests` says
what the words mean, `beginnings` where a fit starts, `search` fits once or several times, `online`
fits from batches. `fitted` answers questions about the result.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import validate_data

from mixot.errors import InputError
from mixot.estimators import beginnings, online
from mixot.estimators.dimensions import n_frozen
from mixot.estimators.fitted import FittedMixture
from mixot.estimators.inputs import check_sign, is_non_negative, of_rows, weighted_sample
from mixot.estimators.requests import Request, check_count, resolve
from mixot.estimators.search import Begin, message, report, search
from mixot.families import Family
from mixot.fitting.annealing import Annealing
from mixot.fitting.constraints import Constraints
from mixot.fitting.stopping import certify
from mixot.types import Array, Mask, Mixture, Sample, Status


def _takes_batches(model: "MixtureModel") -> bool:
    request = model._resolve()
    online.check(request.family, request.plan)
    if model.weight_floor > 0.0 or model.frozen_parameters or model.frozen_components is not None:
        raise InputError("constraints hold for a sample as a whole: partial_fit takes none")
    return True


class MixtureModel(FittedMixture):
    """Mixture of any family, fitted by EM or by entropic optimal transport.

    Parameters
    ----------
    n_components : int, default=1
        Number of components K.
    family : str or Family, default="gaussian"
        A name of `mixot.families.names()`, "gaussian" or "student_t" (with `covariance_type`), or
        an instance, which may carry options or be your own.
    covariance_type : {"full", "tied", "diag", "spherical"}, default="full"
        Shape of the covariances of the families "gaussian" and "student_t".
    coupling : str, default="semirelaxed"
        The plan between observations and components: "semirelaxed" (EM), "balanced" (both
        marginals bind; with free weights at those that cost least), "hard", "hard_weighted", or
        another name of `mixot.transport.plans`.
    weights : {"free", "fixed"} or array of shape (K,), default="free"
        Whether the mixture weights are estimated, held where they begin, or given.
    epsilon : float, sequence of floats or Annealing, default=1.0
        Temperature of the plan; 1 is maximum likelihood. Several are stages, each begun where the
        one before ended.
    acceleration : {"squarem", "anderson"} or None, default=None
        Reach the same limit in fewer passes by extrapolating from earlier steps; the objective
        still falls at every step.
    tol : float, default=1e-6
        Projected distance to the limit at which a fit has converged (square root of nats).
    max_iter : int, default=5000
        Most steps of one fit.
    n_init : int, default=1
        Beginnings to fit from; the best result is kept.
    init : str, array, Mixture or callable, default="k-means++"
        Where to begin: "k-means++", "k-means", "random-points", "random-responsibilities", labels
        (n,) with -1 for unknown, responsibilities (n, K), a mixture, or a callable.
    weights_init : array of shape (K,), default=None
        Weights to begin with.
    means_init, covariances_init : array, default=None
        Parameters to begin with, in the shapes of the fitted ones. What is not given is that of
        the one-component fit.
    parameters_init : mapping of str to array, default=None
        The same for any parameter of the family, by name.
    reg_covar : float, default=0.0
        Variance added to the diagonal of Gaussian covariances at every step. Off by default: with
        it the result is not a maximum-likelihood estimate.
    covariance_floor : float, default=0.0
        Least variance in any direction of Gaussian covariances and Student scale matrices, a
        constraint under which the likelihood is maximised. `message_` says where it is active.
    weight_floor : float, default=0.0
        Least weight of a component.
    frozen_parameters : sequence of str, default=()
        Parameters that stay where they begin.
    frozen_components : array of bool of shape (K,), default=None
        Components whose parameters stay where they begin.
    random_state : int, RandomState or None, default=None
        Source of the beginnings and of `sample`.
    warm_start : bool, default=False
        Begin at the previous result, if there is one with as many components.
    n_threads : int or None, default=None
        Threads of a fit; None for what turns out fastest. The result does not depend on it.
    verbose : int, default=0
        1 prints a line for every optimum found.

    Attributes
    ----------
    weights_ : ndarray of shape (K,)
        Mixture weights.
    means_, covariances_, rates_, ... : ndarray
        The parameters of the family, each under its name with an underscore.
    parameters_ : dict of str to ndarray
        The same parameters by name.
    status_ : Status
        How the fit ended; its `sentence` and `advice` are what the warning says. None after
        `partial_fit`, which claims nothing, unless a batch could not be used.
    message_ : str
        The status in a sentence, with advice, and which constraints are active.
    converged_ : bool
        Whether the projected distance to the limit fell below `tol`.
    certificate_ : Certificate
        Length of the last step, rate, projected distance and objective still to be gained.
    n_iter_ : int
        Steps of the best fit, or batches seen.
    lower_bound_ : float
        Minus the objective at the result: at epsilon = 1 and the semi-relaxed coupling the mean
        log-likelihood. After `partial_fit`: of the last batch, before its update.
    lower_bounds_ : ndarray of shape (n_iter_ + 1,)
        The same at the start and after every step.
    potential_ : ndarray of shape (K,)
        Column potential g of the plan, zero unless the coupling is balanced. Responsibilities of
        new points are those of the plan with this potential.
    restarts_ : Restarts or None
        The distinct optima that `n_init` starts found, how often, and what became of the others.
    family_ : Family
        The family as it was resolved.
    n_features_in_, feature_names_in_
        What `fit` saw.
    """

    def __init__(
        self,
        n_components: int = 1,
        *,
        family: str | Family = "gaussian",
        covariance_type: str = "full",
        coupling: str = "semirelaxed",
        weights: str | Array = "free",
        epsilon: float | Sequence[float] | Annealing = 1.0,
        acceleration: str | None = None,
        tol: float = 1e-6,
        max_iter: int = 5000,
        n_init: int = 1,
        init: Any = "k-means++",
        weights_init: Any = None,
        means_init: Any = None,
        covariances_init: Any = None,
        parameters_init: Mapping[str, Any] | None = None,
        reg_covar: float = 0.0,
        covariance_floor: float = 0.0,
        weight_floor: float = 0.0,
        frozen_parameters: Sequence[str] = (),
        frozen_components: Any = None,
        random_state: Any = None,
        warm_start: bool = False,
        n_threads: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_components = n_components
        self.family = family
        self.covariance_type = covariance_type
        self.coupling = coupling
        self.weights = weights
        self.epsilon = epsilon
        self.acceleration = acceleration
        self.tol = tol
        self.max_iter = max_iter
        self.n_init = n_init
        self.init = init
        self.weights_init = weights_init
        self.means_init = means_init
        self.covariances_init = covariances_init
        self.parameters_init = parameters_init
        self.reg_covar = reg_covar
        self.covariance_floor = covariance_floor
        self.weight_floor = weight_floor
        self.frozen_parameters = frozen_parameters
        self.frozen_components = frozen_components
        self.random_state = random_state
        self.warm_start = warm_start
        self.n_threads = n_threads
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, labels: Any = None) -> Self:
        """Fit the mixture to X (n, d); a weight of 2 is the same as the row twice.

        y is ignored, as scikit-learn's mixtures ignore it. labels: (n,) the components of rows that
        are known to belong to one, -1 for the others. Warns (ConvergenceWarning) of any status but
        converged, with advice. Raises InputError, a ValueError, for what cannot be fitted.
        """
        del y
        request = self._resolve()
        sample, kept = self._sample(X, sample_weight)
        known = None if labels is None else of_rows(np.asarray(labels), kept)
        best, self.restarts_ = search(
            sample,
            request.family,
            self.n_components,
            *self._beginnings(sample, kept, request, self.warm_start, known),
            {
                "plan": request.plan,
                "epsilon": request.epsilon,
                "weights": request.weights,
                "acceleration": self.acceleration,
                "constraints": Constraints(
                    self.weight_floor, known, self.frozen_parameters, self.frozen_components
                ),
                "tol": self.tol,
                "max_iter": self.max_iter,
                "n_threads": self.n_threads,
            },
        )
        if self.verbose:
            print(report(best, self.restarts_))
        self._online: online.Online | None = None
        n_fixed = n_frozen(
            request.family,
            best.mixture.parameters,
            self.frozen_parameters,
            self.frozen_components,
        )
        self._publish(best.mixture, request, best.g, n_fixed)
        self.status_: Status | None = best.status
        self.converged_ = best.converged
        self.certificate_ = best.certificate
        self.n_iter_ = best.n_iter
        self.lower_bound_ = -best.objective
        self.lower_bounds_ = -best.trace.objective
        self.message_ = message(best, request.family)
        if best.status is not Status.CONVERGED:
            warnings.warn(self.message_, ConvergenceWarning, stacklevel=2)
        return self

    def fit_predict(
        self, X: Any, y: Any = None, sample_weight: Any = None, labels: Any = None
    ) -> NDArray[np.intp]:
        """Fit the mixture and return the component of each row."""
        return self.fit(X, y, sample_weight, labels).predict(X)

    @available_if(_takes_batches)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Take one batch in by a step of stepwise EM (`mixot.estimators.online`).

        The first batch decides where to begin, unless there is a fitted mixture, and its update is
        an EM step; the statistics of batch t = 1, 2, ... enter with weight (t + 2)^-0.7. Batches
        should be of similar size and in random order. Convergence is never claimed. Not there for
        Student families and balanced couplings.
        """
        del y
        state = getattr(self, "_online", None)
        request = self._resolve() if state is None else self._request
        sample, kept = self._sample(X, sample_weight, reset=not hasattr(self, "weights_"))
        if state is None:
            begin, _, rng = self._beginnings(sample, kept, request, True, None)
            state = online.begin(sample, request.family, begin(rng.spawn(1)[0]))
            self.lower_bounds_ = np.empty(0)
        taken = online.update(
            state,
            sample,
            request.family,
            request.plan,
            request.final_epsilon,
            request.has_free_weights,
        )
        self._online = taken.online
        self._publish(taken.online.mixture, request, np.zeros(self.n_components))
        self.status_ = taken.trouble
        self.converged_ = False
        self.certificate_ = certify(np.empty(0), np.inf)
        self.n_iter_ = taken.online.n_batches
        self.lower_bound_ = taken.log_likelihood
        self.lower_bounds_ = np.append(self.lower_bounds_, taken.log_likelihood)
        self.message_ = "The batch was taken in."
        if taken.trouble is not None:
            what = f"{taken.trouble.sentence} {taken.trouble.advice}"
            self.message_ = f"The batch was left out. {what}"
            warnings.warn(self.message_, ConvergenceWarning, stacklevel=2)
        return self

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags; some families have no negative values."""
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = is_non_negative(self.family)
        return tags

    def _resolve(self) -> Request:
        check_count("n_components", self.n_components, 1)
        check_count("n_init", self.n_init, 1)
        check_count("max_iter", self.max_iter, 0)
        if not 0.0 <= self.tol < np.inf:
            raise InputError(f"tol must be a finite number >= 0, got {self.tol!r}")
        return resolve(
            self.family,
            self.covariance_type,
            self.reg_covar,
            self.covariance_floor,
            self.coupling,
            self.weights,
            self.epsilon,
        )

    def _sample(self, X: Any, sample_weight: Any, reset: bool = True) -> tuple[Sample, Mask]:
        """Return the weighted sample without rows of weight zero, and which rows stayed."""
        least = 2 if reset else 1
        points = validate_data(
            self, X, dtype=np.float64, order="C", ensure_min_samples=least, reset=reset
        )
        check_sign(points, self.family)
        return weighted_sample(points, sample_weight)

    def _beginnings(
        self, sample: Sample, kept: Mask, request: Request, resume: bool, labels: Any
    ) -> tuple[Begin, int, np.random.Generator]:
        """Return what begins a fit, how many times that makes sense, and the random stream."""
        rng = beginnings.generator(self.random_state)
        if resume and hasattr(self, "weights_") and self.weights_.size == self.n_components:
            mixture = self._mixture()
            return lambda _rng: mixture, 1, rng
        given = beginnings.merged(
            self.parameters_init, means=self.means_init, covariances=self.covariances_init
        )
        init = self.init
        if not beginnings.is_drawn(init, {}) and not isinstance(init, Mixture):
            init = of_rows(np.asarray(init), kept)

        def begin(child: np.random.Generator) -> Mixture:
            return beginnings.begin(
                sample,
                request.family,
                self.n_components,
                init,
                self.weights_init,
                given,
                child,
                labels,
            )

        return begin, self.n_init if beginnings.is_drawn(init, given) else 1, rng
