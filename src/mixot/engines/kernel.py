"""What happens to one block of rows: from points to sums.

With a linear form a block is two matrix products around a row rule; components that the form would
cost digits, and families without one, are evaluated by their densities. Log-kernels are (K, m), see
`mixot.engines.rules`. Nothing of size n x K leaves a block, unless a density's `kept` asks for it
to save evaluating small samples again.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from mixot.engines.layout import aligned
from mixot.engines.products import products
from mixot.engines.rules import hard, nearly_exponentials, soft
from mixot.engines.task import Density, Sums, Task
from mixot.families.base import take
from mixot.families.linear import LinearForm
from mixot.types import Array

# Row sums of the kernel below this are redone with each row's own shift.
_UNDERFLOW = 1e-250
_TINY = np.finfo(float).tiny


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one block: points (m, d), the same in the frame (d', m), weights (m,), first row.

    mass: the sum of the weights; labels: (m,) the component to which a row belongs for certain, -1
    where that is unknown, or None if it is unknown everywhere.
    """

    points: Array
    framed: Array | None
    weights: Array
    start: int
    mass: float
    labels: NDArray[np.intp] | None = None


class Workspace:
    """Buffers of one thread for blocks of m rows; `phi` holds the features of the last block."""

    def __init__(self, form: LinearForm | None, n_components: int, m: int) -> None:
        self.kernel = aligned(n_components, m)
        self.plan = aligned(n_components, m)
        self.row, self.ratio = aligned(m), aligned(m)
        if form is not None:
            buffer = aligned(form.n_rows, m)
            self.write = form.writer(buffer)
            self.phi = buffer[: form.n_features]
            self.sums = np.empty((n_components, form.n_features))
            self.products = products(n_components, form.n_features, m)


class Spaces:
    """The workspaces of all threads for one linear form (or none)."""

    def __init__(self, form: LinearForm | None) -> None:
        self._form = form
        self._local = threading.local()

    def of(self, task: Task) -> Callable[[Block], Workspace]:
        """Return the function that finds the calling thread's workspace for a block."""
        n_components = task.tilt.size
        return lambda block: self._find(n_components, block.weights.size)

    def _find(self, n_components: int, m: int) -> Workspace:
        spaces: dict[tuple[int, int], Workspace] | None = getattr(self._local, "spaces", None)
        if spaces is None:
            spaces = self._local.spaces = {}
        found = spaces.get((n_components, m))
        if found is None:
            found = spaces[n_components, m] = Workspace(self._form, n_components, m)
        return found


def folded(task: Task) -> tuple[Array, float] | None:
    """Return the coefficients of kernel minus shift, and the shift, if no row needs its own.

    The shift is an upper bound of the kernel, so that no exponential can overflow. None if the task
    asks for more than the rows' sums, or if the form knows no bound.
    """
    density = task.density
    coefficients = density.coefficients
    if coefficients is None or coefficients.peak is None or task.rule is not soft:
        return None
    if task.earlier is not None or task.hessian or task.entropy or not task.statistics:
        return None
    if not (coefficients.accurate.all() and np.isfinite(task.tilt).all()):
        return None
    shift = float(np.max(coefficients.peak / density.temperature + task.tilt))
    values = coefficients.values / density.temperature
    values[:, 0] += task.tilt - shift
    return values, shift


def run_blocks(
    blocks: Iterable[Block],
    task: Task,
    space_of: Callable[[Block], Workspace],
    fast: tuple[Array, float] | None,
) -> Sums:
    """Return the sums of a task over the blocks of one run, added in their order."""
    result: Sums | None = None
    value, features = 0.0, None
    for block in blocks:
        space = space_of(block)
        part = None
        if fast is not None and block.labels is None:
            part = _one_pass(block, space, *fast)
        if part is None:
            sums = _any_pass(block, task, space)
            result = sums if result is None else result + sums
        else:
            value += part
            if features is None:
                features = space.sums.copy()
            else:
                features += space.sums
    if features is not None:
        # The first feature is 1, so that its sums are the marginal.
        whole = Sums(value, features[:, 0].copy(), features=features)
        result = whole if result is None else whole + result
    assert result is not None
    return result


def _one_pass(block: Block, space: Workspace, values: Array, shift: float) -> float | None:
    """Return the soft rule's value, with the sums of features in the workspace.

    None if the kernel of a row underflows.
    """
    assert block.framed is not None
    kernel, total, ratio = space.kernel, space.row, space.ratio
    space.write(block.framed)
    space.products.forward(values, space.phi, kernel)
    nearly_exponentials(kernel)
    np.add.reduce(kernel, axis=0, out=total)
    if not np.minimum.reduce(total) > _UNDERFLOW:
        return None
    np.divide(block.weights, total, out=ratio)
    np.multiply(kernel, ratio, out=kernel)
    np.log(total, out=total)
    space.products.backward(kernel, space.phi, space.sums)
    return float(total @ block.weights) + shift * block.mass


def _any_pass(block: Block, task: Task, space: Workspace) -> Sums:
    density, weights = task.density, block.weights
    written = density.coefficients is not None and block.framed is not None
    kernel = _scaled(density, block, space, keep=task.earlier is not None)
    np.add(kernel, task.tilt[:, None], out=space.kernel)
    _keep_labels(space.kernel, block.labels)
    before = space.kernel.copy() if task.earlier is not None else None
    log_normaliser, rows = task.rule(space.kernel)
    plan_kl = cost_change = 0.0
    if before is not None:
        plan_kl, cost_change = _compare(block, task, space, before, log_normaliser, rows)
    entropy = float(entr(rows).sum(axis=0) @ weights) if task.entropy else 0.0
    row_error = 0.0
    if task.rule is not soft:
        row_error = float(np.abs(1.0 - rows.sum(axis=0)) @ weights)
    plan = np.multiply(rows, weights, out=space.plan)
    marginal = plan.sum(axis=1)
    hessian = np.diag(marginal) - plan @ rows.T if task.hessian else None
    features = statistics = None
    if task.statistics:
        if written:
            assert block.framed is not None
            space.write(block.framed)
        features, statistics = _statistics(density, block, space, plan)
    value = float(weights @ log_normaliser)
    return Sums(
        value, marginal, row_error, entropy, hessian, features, statistics, plan_kl, cost_change
    )


def _scaled(density: Density, block: Block, space: Workspace, keep: bool) -> Array:
    """Return -C / T without the base term, shape (K, m), not to be written to."""
    found = None if density.kept is None else density.kept.get(block.start)
    if found is not None:
        return found
    if density.coefficients is None or block.framed is None:
        values = density.family.log_density(block.points, density.parameters).T
    else:
        space.write(block.framed)
        out = np.empty_like(space.plan) if keep or density.kept is not None else space.plan
        values = space.products.forward(density.coefficients.values, space.phi, out)
        rest = np.flatnonzero(~density.coefficients.accurate)
        if rest.size:
            part = take(density.family, density.parameters, rest)
            values[rest] = density.family.log_density(block.points, part).T
    if density.temperature != 1.0:
        values = values / density.temperature
    if density.kept is not None:
        density.kept[block.start] = np.ascontiguousarray(values)
    return values


def _keep_labels(kernel: Array, labels: NDArray[np.intp] | None) -> None:
    """Leave a labelled row no other component."""
    if labels is not None:
        others = np.arange(kernel.shape[0])[:, None] != labels
        kernel[others & (labels >= 0)] = -np.inf


def _statistics(
    density: Density, block: Block, space: Workspace, plan: Array
) -> tuple[Array | None, Array | None]:
    if density.coefficients is None or block.framed is None:
        return None, density.family.statistics(block.points, plan.T, density.parameters)
    features = space.products.backward(plan, space.phi, np.empty_like(space.sums))
    rest = np.flatnonzero(~density.coefficients.accurate)
    if not rest.size:
        return features, None
    part = take(density.family, density.parameters, rest)
    return features, density.family.statistics(block.points, plan[rest].T, part)


def _compare(
    block: Block, task: Task, space: Workspace, kernel: Array, log_normaliser: Array, rows: Array
) -> tuple[float, float]:
    """Return KL(P_old | P) and <C_old - C, P_old> / T over the block, term by term.

    For hard plans, whose KL is infinite, the first is the limit of epsilon KL: what the old
    assignment loses against the best one here.
    """
    assert task.earlier is not None
    density, tilt = task.earlier
    old_kernel = _scaled(density, block, space, keep=True) + tilt[:, None]
    _keep_labels(old_kernel, block.labels)
    old_normaliser, old_rows = task.rule(old_kernel.copy())
    # Subnormal responsibilities are underflow: against a probability that has become an exact zero
    # they would make the divergence infinite.
    old_rows = np.where(old_rows > _TINY, old_rows, 0.0)
    with np.errstate(invalid="ignore", over="ignore"):
        log_rows = kernel - log_normaliser
        if task.rule is hard:
            terms = np.where(old_rows > 0.0, -log_rows, 0.0)
        else:
            change = log_rows - (old_kernel - old_normaliser)
            # Both forms are the same non-negative term; the first keeps its digits where the plans
            # nearly agree, the second where one of them has no mass.
            near = old_rows * (np.expm1(change) - change)
            far = np.where(old_rows > 0.0, -old_rows * change, 0.0) + rows - old_rows
            terms = np.where(np.abs(change) < 0.5, near, far)
        moved = (kernel - task.tilt[:, None]) - (old_kernel - tilt[:, None])
        gained = np.where(old_rows > 0.0, old_rows * moved, 0.0)
    weights = block.weights
    return float(terms.sum(axis=0) @ weights), float(gained.sum(axis=0) @ weights)
