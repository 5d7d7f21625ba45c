"""The weights alone, over fixed components: a convex problem, solved to a certified gap.

EM needs of the order of 1 / gap iterations here (I2). Instead Newton's method (`mixot.fitting.
simplex`) works in three stages. With many atoms, their likelihoods are compressed to a few columns
(`mixot.fitting.skeleton`) and the problem is solved in these, which finds the atoms that matter.
Then it is solved over those atoms with their exact likelihoods. Then one pass over all rows and
all atoms, in blocks, evaluates the multipliers

    D_k = sum_i a_i p_ik / m_i,    NLL(w) - min NLL <= log max_k D_k      (N3),

from exact densities again. Atoms with D_k > 1 join the others until the bound is small enough.
Memory is that of a few columns; with `log_density` in memory nothing else of its size is made.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from mixot.engines.threads import available_threads, one_blas_thread
from mixot.errors import InputError
from mixot.families.base import Family, take
from mixot.fitting.simplex import certified_gap, minimise
from mixot.fitting.skeleton import skeleton
from mixot.streams import stream
from mixot.types import Array, Mixture, Parameters, Sample, Status

Indices = NDArray[np.intp]

# Up to so many atoms nothing is compressed.
_FEW = 64
# Rows whose densities choose the columns, and how often more of them may be asked for.
_ROWS = 2000
_ATTEMPTS = 4
# Entries of one block of log-densities.
_BLOCK = 1 << 20
# Atoms that join at once, and how near their multiplier must come to 1 to be kept in sight.
_JOINING = 48
_NEAR = 1e-3
_COMPRESSED_TOL = 1e-9


@dataclass(frozen=True, slots=True)
class WeightsFit:
    """The best weights over fixed components.

    weights: (K,); objective: the mean negative log-likelihood there, nats; gap: upper bound of how
    far that is from the minimum, from exact densities (inf if infeasible); n_iter: Newton steps;
    n_sweeps: passes over all rows and all components.
    """

    weights: Array
    objective: float
    gap: float
    n_iter: int
    n_sweeps: int
    status: Status
    message: str

    @property
    def converged(self) -> bool:
        """Whether the gap reached the tolerance."""
        return self.status is Status.CONVERGED


@dataclass(frozen=True, slots=True)
class _Table:
    """Log-densities (n, K) that are evaluated as they are asked for, by rows and atoms."""

    n_rows: int
    n_atoms: int
    entries: Callable[[slice | Indices, Indices | None], Array]


def fit_weights(
    sample: Sample,
    components: Mixture | Parameters,
    family: Family,
    *,
    start: Array | None = None,
    floor: float = 0.0,
    tol: float = 1e-8,
    max_iter: int = 200,
) -> WeightsFit:
    """Maximise the likelihood over the weights of fixed components.

    components: a mixture, whose weights do not matter, or parameters; start: (K,) weights to begin
    with; floor: smallest weight allowed; tol: certified gap, nats; max_iter: Newton steps. Raises
    InputError for a request that makes no sense; what the sample forbids is a status.
    """
    parameters = components.parameters if isinstance(components, Mixture) else components
    n_atoms = _count(family, parameters)

    def entries(rows: slice | Indices, atoms: Indices | None) -> Array:
        chosen = parameters if atoms is None else take(family, parameters, list(atoms))
        return family.log_density(sample.points[rows], chosen)

    table = _Table(sample.weights.size, n_atoms, entries)
    with one_blas_thread():
        return _solve(table, sample.weights, start, floor, tol, max_iter)


def solve_weights(
    log_density: Array,
    sample_weights: Array | None = None,
    *,
    start: Array | None = None,
    floor: float = 0.0,
    tol: float = 1e-8,
    max_iter: int = 200,
) -> WeightsFit:
    """Maximise the likelihood over the weights, given log-densities (n, K); else as `fit_weights`.

    sample_weights: (n,) positive, normalised here; None for equal ones.
    """
    n_rows, n_atoms = log_density.shape
    if sample_weights is None:
        sample_weights = np.full(n_rows, 1.0)
    elif sample_weights.shape != (n_rows,) or not (sample_weights > 0.0).all():
        raise InputError(f"sample_weights must be positive, of shape ({n_rows},)")

    def entries(rows: slice | Indices, atoms: Indices | None) -> Array:
        if atoms is None:
            return log_density[rows]
        return (
            log_density[:, atoms][rows] if isinstance(rows, slice) else log_density[rows][:, atoms]
        )

    table = _Table(n_rows, n_atoms, entries)
    with one_blas_thread():
        return _solve(table, sample_weights / sample_weights.sum(), start, floor, tol, max_iter)


def _count(family: Family, parameters: Mapping[str, Array]) -> int:
    own = [values.shape[0] for name, values in parameters.items() if name not in family.shared]
    if not own:
        raise InputError("components have no parameters of their own: nothing to weigh")
    return own[0]


def _checked(start: Array | None, n_atoms: int, floor: float, tol: float) -> Array:
    if not 0.0 <= floor * n_atoms <= 1.0:
        raise InputError(f"floor must lie between 0 and 1/K = {1.0 / n_atoms:.6g}, got {floor}")
    if not tol > 0.0:
        raise InputError(f"tol must be > 0, got {tol}")
    if start is None:
        return np.full(n_atoms, 1.0 / n_atoms)
    if start.shape != (n_atoms,):
        raise InputError(f"start must have shape ({n_atoms},), got {start.shape}")
    if not np.isfinite(start).all() or (start < 0.0).any() or abs(start.sum() - 1.0) > 1e-9:
        raise InputError("start must be finite, >= 0 and sum to 1")
    return floor + (1.0 - floor * n_atoms) * start


class _Columns:
    """The exact likelihoods of some atoms, each row divided by its largest."""

    def __init__(self, table: _Table) -> None:
        self._table = table
        self.atoms: Indices = np.zeros(0, dtype=np.intp)
        self.values, self.top = np.zeros((table.n_rows, 0)), np.full(table.n_rows, -np.inf)

    def add(self, atoms: Indices) -> None:
        """Evaluate further atoms."""
        new = np.setdiff1d(atoms, self.atoms)
        if not new.size:
            return
        logs = self._table.entries(slice(None), new)
        top = np.maximum(self.top, logs.max(axis=1))
        base = np.where(np.isneginf(top), 0.0, top)[:, None]
        logs = logs - base
        values = np.exp(logs, out=logs)
        if self.atoms.size:
            values = np.hstack([self.values * np.exp(self.top[:, None] - base), values])
        self.atoms, self.values, self.top = np.append(self.atoms, new), values, top

    def explain(self) -> bool:
        """Add the best atom of every row that has none so far; False if there is no such atom."""
        rows = np.flatnonzero(np.isneginf(self.top))
        if rows.size:
            best = self._table.entries(rows, None)
            if np.isneginf(best.max(axis=1)).any():
                return False
            self.add(np.unique(best.argmax(axis=1)))
        return True


def _solve(
    table: _Table,
    sample_weights: Array,
    start: Array | None,
    floor: float,
    tol: float,
    max_iter: int,
) -> WeightsFit:
    weights = _checked(start, table.n_atoms, floor, tol)
    columns = _Columns(table)
    n_iter = n_sweeps = 0
    if table.n_atoms <= _FEW:
        columns.add(np.arange(table.n_atoms))
    else:
        weights, n_iter = _compressed(table, columns, sample_weights, weights, floor, max_iter)
    if not columns.explain():
        return _result(weights, np.inf, np.inf, n_iter, n_sweeps, Status.INFEASIBLE)
    total = None
    if floor > 0.0:
        total = _log_totals(table)
        n_sweeps += 1
    while True:
        inside = _restricted(weights, columns.atoms, floor)
        offset = None
        if total is not None:
            rest = np.exp(total - columns.top) - columns.values.sum(axis=1)
            offset = floor * np.maximum(rest, 0.0)
        solved = minimise(
            columns.values,
            None,
            offset,
            sample_weights,
            inside,
            floor,
            0.5 * tol,
            max(max_iter - n_iter, 0),
            1.0 - floor * (table.n_atoms - columns.atoms.size),
        )
        n_iter += solved.n_iter
        weights = np.full(table.n_atoms, floor)
        weights[columns.atoms] = solved.weights
        log_mixed = columns.top + np.log(solved.mixed)
        multipliers = _multipliers(table, sample_weights, log_mixed)
        n_sweeps += 1
        gap = certified_gap(multipliers, floor)
        value = -float(sample_weights @ log_mixed)
        if gap <= tol:
            return _result(weights, value, gap, n_iter, n_sweeps, Status.CONVERGED)
        outside = np.setdiff1d(np.flatnonzero(multipliers > 1.0), columns.atoms)
        if n_iter >= max_iter or not outside.size:
            return _result(weights, value, gap, n_iter, n_sweeps, Status.MAX_ITER)
        columns.add(outside[np.argsort(-multipliers[outside])[:_JOINING]])


def _restricted(weights: Array, atoms: Indices, floor: float) -> Array:
    """Return weights of some atoms that leave the others the floor, and none of them without."""
    available = 1.0 - floor * (weights.size - atoms.size)
    above = np.maximum(weights[atoms] - floor, 0.0) + 1e-6 / atoms.size
    free = available - floor * atoms.size
    return floor + free * above / above.sum()


def _compressed(
    table: _Table,
    columns: _Columns,
    sample_weights: Array,
    weights: Array,
    floor: float,
    max_iter: int,
) -> tuple[Array, int]:
    """Solve the problem on a skeleton, and add the atoms that matter to the columns."""
    rows: Indices = np.arange(table.n_rows)
    if table.n_rows > _ROWS:
        rows = np.sort(stream("weights", "rows").choice(rows, _ROWS, replace=False))
    n_iter = 0
    for _ in range(_ATTEMPTS):
        densities = table.entries(rows, None)
        densities = densities[np.isfinite(densities.max(axis=1))]
        if not densities.size:
            break
        chosen, mixing = skeleton(densities)
        columns.add(chosen)
        order = np.argsort(columns.atoms, kind="stable")
        place = order[np.searchsorted(columns.atoms, chosen, sorter=order)]
        values = np.ascontiguousarray(columns.values[:, place])
        mixed = values @ (mixing @ weights)
        # What the chosen atoms contribute by themselves is a lower bound of what all do.
        bad = np.flatnonzero(~(mixed > 0.5 * (values @ weights[chosen])))
        if bad.size:
            rows = np.concatenate([rows, bad[:: max(bad.size // _ROWS, 1)]])
            continue
        solved = minimise(
            values, mixing, None, sample_weights, weights, floor, _COMPRESSED_TOL, max_iter
        )
        multipliers = (sample_weights / solved.mixed) @ values @ mixing
        matter = (solved.weights > floor) | (multipliers > 1.0 - _NEAR)
        ranked = np.argsort(-multipliers)
        near = ranked[matter[ranked]][: chosen.size + _JOINING]
        columns.add(np.union1d(near, np.flatnonzero(solved.weights > floor)))
        return solved.weights, solved.n_iter
    return weights, n_iter


def _sweep(table: _Table, each: Callable[[Array, slice], Array]) -> list[Array]:
    """Return what a function makes of every block of log-densities, in their order."""
    size = max(_BLOCK // table.n_atoms, 1)
    blocks = [slice(first, first + size) for first in range(0, table.n_rows, size)]

    def part(rows: slice) -> Array:
        return each(table.entries(rows, None), rows)

    with ThreadPoolExecutor(available_threads()) as pool:
        return list(pool.map(part, blocks))


def _multipliers(table: _Table, sample_weights: Array, log_mixed: Array) -> Array:
    """Return D (K,) from exact densities."""

    def part(block: Array, rows: slice) -> Array:
        ratio = block - log_mixed[rows, None]
        # A row that its own atom, not looked at so far, would explain far better overflows.
        with np.errstate(over="ignore"):
            return np.asarray(sample_weights[rows] @ np.exp(ratio, out=ratio))

    return np.sum(_sweep(table, part), axis=0)


def _log_totals(table: _Table) -> Array:
    """Return log sum_k p_ik, shape (n,)."""
    return np.concatenate(_sweep(table, lambda block, rows: logsumexp(block, axis=1)))


def _result(
    weights: Array, objective: float, gap: float, n_iter: int, n_sweeps: int, status: Status
) -> WeightsFit:
    message = {
        Status.CONVERGED: "The certified gap is below the tolerance.",
        Status.MAX_ITER: "The gap is above the tolerance: raise max_iter or tol, or take it as it "
        "is if round-off is all that is left.",
        Status.INFEASIBLE: "An observation has density zero under every component: remove it, or "
        "add a component that explains it.",
    }[status]
    return WeightsFit(weights, objective, gap, n_iter, n_sweeps, status, message)
