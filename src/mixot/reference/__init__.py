"""Slow, independent computations: the other side of every equality in the claims ledger.

Nothing here imports the rest of the package.  Arrays go in and come out; the formulas are
written straight from the mathematics with NumPy, SciPy, POT and scikit-learn, and each of
them differs in its route from what the library does.  Import the modules, not this package:

- `parameters`: `covariance_type`, `full_covariances` (any structure as (K, d, d));
- `densities`: `costs`, `log_densities` (routes lu, scipy, elimination),
  `generic_log_densities` (long double, complex);
- `more_densities`: the families beside Gaussian and Poisson: `log_densities`, `costs`,
  `block_parameters`, `degrees_of_freedom`; `more_m_steps`: `m_step`, `squares`; `more_em`:
  `em_path`, `component_kl`, `balance`, `gamma_kl`;
- `likelihood`: `negative_log_likelihood`, `extended_negative_log_likelihood`,
  `responsibilities`, `log_responsibilities`, `estep_plan`, `objective`, `kl_divergence`,
  `kl_from_logs`, `mutual_information`, `entropy`;
- `em`: `em_path`, `m_step`, `component_kl`, `energy_balance`, `log_plan_and_value`;
- `dual`: `solve_row`, `solve_semirelaxed`, `semirelaxed_dual_value`;
- `sinkhorn`: `sinkhorn`, `semidual`, `coupling`, `dual_value`, `linear_program`,
  `projection_divergence`;
- `weights`: `minimise_likelihood`, `minimise_transport`, `blahut_arimoto`,
  `gradient_function`, `stationarity`, `certificate`;
- `blind`: `minimise_over_plans`, `blind_m_step`;
- `derivatives`: `central_difference`, `simplex_difference`, `natural_scales`, `pack`,
  `unpack`, `plan_gradient`, `pack_gradient`, `weights_gradient`, `complex_step_gradient`,
  `xu_jordan_step`;
- `pot` (POT, optional): `pot_balanced`, `pot_semirelaxed`, `pot_linear`, `entropic_constant`;
- `peers` (scikit-learn): `sklearn_path`.
"""
