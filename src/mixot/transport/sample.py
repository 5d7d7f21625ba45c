"""Entropic transport between points and the components of a mixture, without a cost matrix.

C_ik = -log p_k(x_i) is evaluated anew in every sweep, block by block, and nothing of size n x K is
ever kept. Rows may lie in memory or in files; sweeps are those of fits (`mixot.engines`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixot import families
from mixot.arrays import as_sample
from mixot.engines import Density, Rows, as_rows
from mixot.errors import InputError
from mixot.families.base import Family, SingularComponentError, take
from mixot.families.linear import LinearForm
from mixot.transport import problem
from mixot.transport.blocks import block_rows
from mixot.transport.points import points
from mixot.transport.problem import Problem
from mixot.transport.request import Relaxation, Request, checked
from mixot.transport.result import RowBlock, Solution, TransportResult
from mixot.types import Array, Mask, Mixture, Parameters, Sample


def solve_sample(
    X: Any,
    components: Mixture | Parameters,
    family: str | Family,
    *,
    a: Array | None = None,
    b: Array | None = None,
    epsilon: float = 1.0,
    relaxation: Relaxation = "balanced",
    tol: float = 1e-12,
    max_iter: int = 1000,
    g_init: Array | None = None,
    tau: float | None = None,
    n_threads: int | None = None,
) -> TransportResult:
    """Solve the problem of `solve` for the costs -log p_k(x_i), by Newton's method.

    X: points (n, d) with weights a (n,) (uniform by default, rows of weight zero are dropped), or
    a `Sample`, or rows of `mixot.engines`, which have their own. components: parameters of the
    family by name, or a mixture, whose weights are b unless others (K,) are given. n_threads: None
    for what turns out fastest; the result does not depend on it. The rest is as in `solve`.

    Memory does not grow with n K, nor with n if the rows lie in files; what has n rows is made when
    it is asked for (`potentials`, `marginals`), and the plan best block by block (`plan_blocks`).
    Raises InputError for a request that makes no sense; everything else is a status.
    """
    rows = _rows(X, a)
    family = families.get(family) if isinstance(family, str) else family
    if isinstance(components, Mixture):
        b = components.weights if b is None else b
        components = components.parameters
    reference = rows.pooled(family, 1)
    parameters, n_components = _checked(components, reference, family)
    request = checked(b, n_components, epsilon, relaxation, tau, tol, max_iter, g_init)
    try:
        return _solve(rows, parameters, family, reference, request, n_threads)
    except SingularComponentError as error:
        raise InputError(f"components: {error}") from None


def _solve(
    rows: Rows,
    parameters: Parameters,
    family: Family,
    reference: Parameters,
    request: Request,
    n_threads: int | None,
) -> TransportResult:
    kept = np.flatnonzero(request.kept)
    some = take(family, parameters, kept)
    form = _linear_form(family, reference)
    engine = rows.engine(form, kept.size, n_threads)
    moments = engine.moments()
    coefficients = None
    if form is not None:
        assert moments is not None
        coefficients = form.coefficients(some, moments)
    density = Density(family, some, request.epsilon, form, coefficients)
    with engine.session():
        costs = points(engine, density, kept.size)
        if np.isnan(costs.spread):
            raise InputError("components: a density is infinite or not a number at some point")
        posed = Problem(costs, request)
        blocked, looks = problem.impossible(posed)
        found = problem.nowhere(posed) if blocked is not None else problem.newton(posed)
        linear = costs.linear(np.log(posed.b), found.potential)
        source = Densities(rows, parameters, family, request.epsilon, linear)
        # One for the survey, one for the linear cost, and one for the marginal at the end.
        return problem.result(posed, found, source, 3 + looks, blocked)


@dataclass(frozen=True, slots=True, eq=False)
class Densities:
    """Points and components, with which results come back block by block."""

    rows: Rows
    parameters: Parameters
    family: Family
    epsilon: float
    value_linear: float

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return self.rows.n_samples

    @property
    def sample_weight(self) -> Array:
        """The rows' marginal a (n,)."""
        every = [weights for _, _, weights in self._pieces(1)]
        return np.concatenate(every)

    def blocks(self, kept: Mask) -> Iterator[RowBlock]:
        """Go through the rows, with their costs to the components that are kept."""
        columns = np.flatnonzero(kept)
        some = take(self.family, self.parameters, columns)
        for rows, part, weights in self._pieces(columns.size):
            costs = np.ascontiguousarray(-self.family.log_density(part, some).T)
            low = costs.min(axis=0)
            low[np.isposinf(low)] = 0.0
            costs -= low
            costs /= self.epsilon
            yield RowBlock(rows, low, np.zeros(columns.size), costs, weights)

    def column(self, k: int) -> Array:
        """Return the costs (n,) of one component."""
        one = take(self.family, self.parameters, [k])
        every = [-self.family.log_density(part, one)[:, 0] for _, part, _ in self._pieces(1)]
        return np.concatenate(every)

    def linear(self, solution: Solution) -> float:
        """Return <C, P>."""
        del solution
        return self.value_linear

    def _pieces(self, n_columns: int) -> Iterator[tuple[slice, Array, Array]]:
        """Go through the rows: which they are, points and weights."""
        cuts = block_rows(self.rows.n_samples, max(n_columns, self.rows.n_features))
        for rows, (part, weights) in zip(cuts, self.rows.slabs(cuts), strict=True):
            yield rows, part, weights


def _rows(X: Any, a: Array | None) -> Rows:
    """Return points as rows."""
    if isinstance(X, Sample) or callable(getattr(X, "engine", None)):
        if a is not None:
            raise InputError("a belongs to points; a sample and rows have their own weights")
        return as_rows(X)
    return as_rows(as_sample(X, a))


def _checked(
    components: Parameters, reference: Parameters, family: Family
) -> tuple[Parameters, int]:
    """Return the parameters as float64, and K; refuse those that are not the family's."""
    if not isinstance(components, Mapping) or set(components) != set(reference):
        given = ", ".join(sorted(components)) if isinstance(components, Mapping) else components
        raise InputError(
            f"components: family {family.name!r} has the parameters "
            f"{', '.join(sorted(reference))}, got {given or 'none'}"
        )
    parameters = {name: np.asarray(value, dtype=np.float64) for name, value in components.items()}
    own = [name for name in sorted(reference) if name not in family.shared]
    n_components = parameters[own[0]].shape[0] if parameters[own[0]].ndim else 0
    if n_components == 0:
        raise InputError(f"components: {own[0]} must have one entry a component")
    for name, one in reference.items():
        shape = one.shape if name in family.shared else (n_components, *one.shape[1:])
        if parameters[name].shape != shape:
            raise InputError(
                f"components: {name} must have shape {shape} for {n_components} components, got "
                f"{parameters[name].shape}"
            )
        if np.isnan(parameters[name]).any():
            raise InputError(f"components: {name} must not be NaN")
    return parameters, n_components


def _linear_form(family: Family, reference: Parameters) -> LinearForm | None:
    """Return the form in which many components are one matrix product, if there is one."""
    build = getattr(family, "linear_form", None)
    try:
        return None if build is None else build(reference)
    except SingularComponentError:
        # Collinear columns have no frame; the densities then serve one by one.
        return None
