"""Scikit-learn's own tests of its mixtures, run on ours in its place.

Left out are those of private functions that are not ours (sufficient statistics, determinants), one
that counts calls of such a function, and those of array libraries other than NumPy.
"""

import inspect
import warnings

import numpy as np
import pytest
from sklearn.mixture.tests import test_gaussian_mixture as theirs
from sklearn.mixture.tests import test_mixture as theirs_of_all

from mixot import GaussianMixture

BEHAVIOURS = (
    "test_gaussian_mixture_attributes",
    "test_check_weights",
    "test_check_means",
    "test_check_precisions",
    "test_gaussian_mixture_log_probabilities",
    "test_gaussian_mixture_estimate_log_prob_resp",
    "test_gaussian_mixture_predict_predict_proba",
    "test_gaussian_mixture_fit_predict_n_init",
    "test_gaussian_mixture_fit",
    "test_gaussian_mixture_fit_best_params",
    "test_gaussian_mixture_fit_convergence_warning",
    "test_multiple_init",
    "test_gaussian_mixture_n_parameters",
    "test_bic_1d_1component",
    "test_gaussian_mixture_aic_bic",
    "test_gaussian_mixture_verbose",
    "test_convergence_detected_with_warm_start",
    "test_score",
    "test_score_samples",
    "test_monotonic_likelihood",
    "test_regularisation",
    "test_sample",
    "test_init",
    "test_gaussian_mixture_setting_best_params",
    "test_max_iter_zero",
    "test_gaussian_mixture_precisions_init_diag",
    "test_gaussian_mixture_single_component_stable",
)
PARAMETRISED = (
    *(("test_warm_start", {"seed": seed}) for seed in range(3)),
    *(
        ("test_gaussian_mixture_fit_predict", {"seed": seed, "max_iter": max_iter, "tol": tol})
        for seed, max_iter, tol in [(0, 2, 1e-7), (1, 2, 0.1), (3, 300, 1e-7), (4, 300, 0.1)]
    ),
    *(
        (name, {"covar_type": shape})
        for name in ("test_fitted_precision_covariance_concistency",)
        for shape in theirs.COVARIANCE_TYPE
    ),
    *(
        ("test_gaussian_mixture_precisions_init", {"covariance_type": shape})
        for shape in theirs.COVARIANCE_TYPE
    ),
    *(
        (name, {"init_params": init})
        for name in ("test_init_means_not_duplicated", "test_means_for_all_inits")
        for init in ("random", "random_from_data", "k-means++", "kmeans")
    ),
)
FIXTURES = {"global_dtype": np.float64, "global_random_seed": 42}


@pytest.mark.parametrize(
    ("name", "arguments"), [*((name, {}) for name in BEHAVIOURS), *PARAMETRISED], ids=str
)
def test_what_theirs_does_ours_does(name, arguments, monkeypatch):
    monkeypatch.setattr(theirs, "GaussianMixture", GaussianMixture)
    function = getattr(theirs, name)
    fixtures = {
        fixture: value
        for fixture, value in FIXTURES.items()
        if fixture in inspect.signature(function).parameters
    }
    with warnings.catch_warnings():
        # What they let pass as a warning passes here; those that they expect they catch.
        warnings.simplefilter("ignore")
        function(**arguments, **fixtures)


@pytest.mark.parametrize(
    "name",
    ["test_gaussian_mixture_n_iter", "test_mixture_n_components_greater_than_n_samples_error"],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_holds_of_all_their_mixtures_holds_of_ours(name):
    getattr(theirs_of_all, name)(GaussianMixture())
