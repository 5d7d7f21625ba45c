"""What must not matter to a transport problem, and what must matter in one way only."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from mixot import InputError
from mixot.transport import cost_scale, solve
from mixot.transport.dense import dense

SEEDS = st.integers(0, 10_000)
KINDS = (
    {"relaxation": "balanced"},
    {"relaxation": "semirelaxed"},
    {"relaxation": "unbalanced", "tau": 0.4},
)
FEW = settings(max_examples=10)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["relaxation"])
@FEW
@given(seed=SEEDS, epsilon=st.sampled_from([0.03, 1.0]))
def test_the_order_of_rows_and_columns_does_not_matter(clouds, kind, seed, epsilon):
    cost, a, b = clouds(seed)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(a.size), rng.permutation(b.size)
    before = solve(cost, a, b, epsilon, **kind)
    after = solve(cost[np.ix_(rows, columns)], a[rows], b[columns], epsilon, **kind)
    assert_allclose(after.value, before.value, rtol=1e-12)
    assert_allclose(after.plan, before.plan[np.ix_(rows, columns)], atol=1e-12)
    assert_allclose(after.potentials[1], before.potentials[1][columns], atol=1e-10)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["relaxation"])
@FEW
@given(seed=SEEDS, factor=st.sampled_from([1e-200, 1e-3, 7.0, 1e200]))
def test_units_of_the_cost_only_change_the_unit_of_the_value(clouds, kind, seed, factor):
    cost, a, b = clouds(seed)
    before = solve(cost, a, b, 0.3, **kind)
    if "tau" in kind:
        kind = {**kind, "tau": kind["tau"] * factor}
    after = solve(cost * factor, a, b, 0.3 * factor, **kind)
    assert after.converged
    assert_allclose(after.value / factor, before.value, rtol=1e-12)
    assert_allclose(after.plan, before.plan, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["relaxation"])
@FEW
@given(seed=SEEDS)
def test_shares_of_a_row_or_a_column_are_as_good_as_the_whole(clouds, kind, seed):
    cost, a, b = clouds(seed)
    before = solve(cost, a, b, 0.3, **kind)
    rows = solve(
        np.vstack([cost, cost[:1]]),
        np.append(a, 0.3 * a[0]) - 0.3 * a[0] * _first(a),
        b,
        0.3,
        **kind,
    )
    assert_allclose(rows.value, before.value, rtol=1e-12)
    assert_allclose(rows.plan[0] + rows.plan[-1], before.plan[0], atol=1e-13)
    columns = solve(
        np.hstack([cost, cost[:, :1]]),
        a,
        np.append(b, 0.3 * b[0]) - 0.3 * b[0] * _first(b),
        0.3,
        **kind,
    )
    assert_allclose(columns.value, before.value, rtol=1e-12)
    assert_allclose(columns.plan[:, 0] + columns.plan[:, -1], before.plan[:, 0], atol=1e-13)


def _first(vector):
    return np.eye(vector.size + 1)[0]


@FEW
@given(seed=SEEDS, size=st.sampled_from([1.0, 1e6]))
def test_shifts_by_rows_and_columns_move_potentials_and_nothing_else(clouds, seed, size):
    cost, a, b = clouds(seed)
    rng = np.random.default_rng(seed)
    by_row, by_column = size * rng.normal(size=a.size), size * rng.normal(size=b.size)
    before = solve(cost, a, b, 0.1)
    after = solve(cost + by_row[:, None] + by_column, a, b, 0.1)
    assert_allclose(after.plan, before.plan, atol=1e-9 * size)
    moved = after.potentials[1] - before.potentials[1]
    assert_allclose(moved, by_column - b @ by_column, atol=1e-8 * size)
    # A column's shift is not free where its marginal may answer.
    for kind in KINDS[1:]:
        assert abs(solve(cost + by_column, a, b, 0.1, **kind).plan - before.plan).max() > 1e-3


@FEW
@given(seed=SEEDS)
def test_the_scale_of_a_cost_is_that_of_its_choices(clouds, seed):
    cost, a, _ = clouds(seed)
    scale = cost_scale(cost)
    assert_allclose(cost_scale(7.0 * cost + a[:, None]), 7.0 * scale, rtol=1e-12)
    pairs = [abs(row[k] - row[j]) for row in cost for k in range(5) for j in range(k)]
    assert_allclose(scale, np.median(pairs), rtol=1e-14)
    many = np.tile(cost, (50_000, 1))
    assert_allclose(cost_scale(many), scale, rtol=0.2)
    closed = np.hstack([cost, np.full((40, 1), np.inf)])
    assert cost_scale(closed) == scale
    assert cost_scale(cost[:, :1]) == cost_scale(np.full((3, 2), np.inf)) == 0.0


def test_cutting_into_blocks_changes_nothing_but_the_last_bits(clouds, monkeypatch):
    cost, a, b = clouds(2, n_samples=1000)
    whole = dense(cost, a, 0.1)
    results = [solve(cost, a, b, 0.1)]
    monkeypatch.setattr("mixot.transport.blocks._LARGEST", 64)
    parts = dense(cost, a, 0.1)
    assert (len(whole.blocks), len(parts.blocks)) == (1, 16)
    results.append(solve(cost, a, b, 0.1))
    assert_allclose(results[1].value, results[0].value, rtol=1e-14)
    assert_array_equal(results[1].plan, results[1].plan)
    assert_allclose(results[1].plan, results[0].plan, rtol=1e-11)


def test_the_number_of_threads_changes_no_bit(clouds):
    cost, a, b = clouds(6, n_samples=40_000, n_components=40)
    one, two = (solve(cost, a, b, 0.3, n_threads=threads) for threads in (1, 3))
    assert one.value == two.value
    assert_array_equal(one.g, two.g)
    assert one.n_sweeps == two.n_sweeps
    with pytest.raises(InputError, match="n_threads must be at least 1, or None, got 0"):
        solve(cost, a, b, n_threads=0)


@pytest.mark.parametrize(("most", "copies"), [(1 << 26, 2.5), (20_000 * 50 - 1, 1.75)])
def test_a_copy_of_the_costs_and_one_of_few_kernels_is_all_that_is_kept(monkeypatch, most, copies):
    import tracemalloc

    monkeypatch.setattr("mixot.transport.kernels._MOST", most)
    cost = np.random.default_rng(0).random((20_000, 50))
    tracemalloc.start()
    result = solve(cost, epsilon=0.1)
    _, peak = tracemalloc.get_traced_memory()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result.converged
    assert peak < copies * cost.nbytes
    assert after < 0.2 * cost.nbytes
