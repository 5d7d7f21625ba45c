"""From a request to a problem of descent: what was asked for is checked here, once."""

from dataclasses import replace

import numpy as np

from mixot.engines import Rows, as_rows
from mixot.engines.rows import InMemory
from mixot.errors import InputError
from mixot.families.base import Family, SingularComponentError
from mixot.families.linear import LinearForm
from mixot.fitting import descent
from mixot.fitting.annealing import as_schedule
from mixot.fitting.constraints import UNCONSTRAINED, Constraints, check, floored
from mixot.transport import plans
from mixot.types import Array, Mixture, Parameters, Sample


def pose(
    sample: Sample | Rows,
    start: Mixture,
    family: Family,
    plan_name: str | plans.Plan,
    epsilon: float,
    weights: str | Array,
    *,
    constraints: Constraints = UNCONSTRAINED,
    energy: bool = False,
    n_threads: int | None = 1,
) -> tuple[descent.Problem, Mixture]:
    """Return the problem and the mixture to begin with; the arguments are those of `fit`.

    Raises InputError for a request that makes no sense.
    """
    plan = plans.get(plan_name)
    epsilon = as_schedule(epsilon, plan).epsilons[0]
    rows = as_rows(sample)
    reference = rows.pooled(family, start.n_components)
    _check_parameters(start, family, reference)
    fixed = not (isinstance(weights, str) and weights == "free")
    if isinstance(weights, str):
        if weights not in ("free", "fixed"):
            raise InputError(f"weights must be free, fixed or a vector, got {weights!r}")
        values = start.weights
    else:
        values = np.asarray(weights, dtype=np.float64)
    values = _checked_weights(values, start.n_components)
    if plan.weights == "fixed" and not fixed:
        raise InputError(
            f"plan {plan_name!r} cannot move the weights (its column marginal is the weights "
            "themselves): fix them, or use the plan 'balanced_free'"
        )
    if plan.weights == "plan" and fixed:
        raise InputError(f"plan {plan_name!r} finds the weights itself: leave them free")
    checked = check(
        constraints,
        family,
        Mixture(values, start.parameters),
        plan,
        fixed_weights=fixed,
        sample_weights=rows.sample.weights if isinstance(rows, InMemory) else None,
    )
    if isinstance(rows, InMemory) and checked.labels is not None:
        rows = replace(rows, labels=checked.labels)
    values = floored(values, checked.weight_floor)[0]
    engine = rows.engine(_linear_form(family, reference), start.n_components, n_threads)
    problem = descent.Problem(
        engine,
        engine.moments(),
        family,
        plan,
        epsilon,
        fixed or plan.weights != "m_step",
        reference,
        energy,
        checked,
    )
    # Families continue in the type of what they are given, and whole numbers would stay whole.
    parameters = {k: np.asarray(v, dtype=np.float64) for k, v in start.parameters.items()}
    return problem, Mixture(values, parameters)


def _check_parameters(start: Mixture, family: Family, reference: Parameters) -> None:
    """Refuse a start whose parameters are not those of the family on these points."""
    if set(start.parameters) != set(reference):
        raise InputError(
            f"start: family {family.name!r} has the parameters {', '.join(sorted(reference))}, "
            f"got {', '.join(sorted(start.parameters)) or 'none'}"
        )
    for name, values in reference.items():
        if np.shape(start.parameters[name]) != np.shape(values):
            raise InputError(
                f"start: {name} must have shape {np.shape(values)} for {start.n_components} "
                f"components, got {np.shape(start.parameters[name])}"
            )


def _linear_form(family: Family, reference: Parameters) -> LinearForm | None:
    build = getattr(family, "linear_form", None)
    try:
        return None if build is None else build(reference)
    except SingularComponentError:
        # Collinear columns have no frame; the densities then say which component is singular.
        return None


def _checked_weights(values: Array, n_components: int) -> Array:
    if values.shape != (n_components,):
        raise InputError(f"weights must have shape ({n_components},), got {values.shape}")
    if not np.isfinite(values).all() or (values < 0.0).any() or abs(values.sum() - 1.0) > 1e-9:
        raise InputError("weights must be finite, >= 0 and sum to 1")
    return values / values.sum()
