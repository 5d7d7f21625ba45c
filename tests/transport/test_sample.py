"""Transport from points to components: the same as with the cost matrix, without one."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mixot import InputError, Mixture, Status, as_sample, engines, families
from mixot.transport import gradients, solve, solve_sample

SEEDS = st.integers(0, 10_000)
KINDS = (
    {"relaxation": "balanced"},
    {"relaxation": "semirelaxed"},
    {"relaxation": "unbalanced", "tau": 0.4},
)


def gaussian(rng, n_samples, n_components):
    n_features = 3
    means = 2.0 * rng.normal(size=(n_components, n_features))
    roots = rng.normal(size=(n_components, n_features, n_features))
    covariances = roots @ np.swapaxes(roots, 1, 2) + 0.3 * np.eye(n_features)
    points = means[rng.integers(n_components, size=n_samples)]
    points = points + rng.normal(size=(n_samples, n_features))
    return points, {"means": means, "covariances": covariances}


def counts(rng, n_samples, n_components):
    rates = 5.0 * rng.random((n_components, 2)) + 0.1
    # A component that knows nothing but zeros: its costs are infinite elsewhere.
    rates[0, 0] = 0.0
    points = rng.poisson(2.0, size=(n_samples, 2)).astype(float)
    points[: n_samples // 2, 0] = 0.0
    return points, {"rates": rates}


def tailed(rng, n_samples, n_components):
    points, parameters = gaussian(rng, n_samples, n_components)
    scales = np.diagonal(parameters["covariances"], axis1=1, axis2=2)
    return points, {"means": parameters["means"], "covariances": scales}


def tied(rng, n_samples, n_components):
    points, parameters = gaussian(rng, n_samples, n_components)
    return points, {**parameters, "covariances": parameters["covariances"][0]}


MODELS = {
    "gaussian-full": gaussian,
    "gaussian-tied": tied,
    "poisson": counts,
    "student_t-diag": tailed,
}


def a_problem(model, seed, n_samples=60, n_components=4):
    rng = np.random.default_rng(seed)
    points, parameters = MODELS[model](rng, n_samples, n_components)
    a = rng.dirichlet(np.ones(n_samples))
    b = 0.3 * rng.dirichlet(np.ones(n_components)) + 0.7 / n_components
    return points, parameters, a, b


def agree(ours, matrix, tolerance=1e-12):
    assert ours.status is matrix.status is Status.CONVERGED, ours.message
    size = max(1.0, abs(matrix.value))
    for name in ("value", "value_linear"):
        assert abs(getattr(ours, name) - getattr(matrix, name)) <= tolerance * size, name
    size = max(size, ours.solution.epsilon)
    assert abs(ours.dual_value - matrix.dual_value) <= tolerance * size
    assert 0.0 <= ours.gap <= tolerance * size
    assert ours.marginal_error <= max(1e-12, matrix.marginal_error)
    assert_allclose(ours.plan, matrix.plan, atol=tolerance)
    for held, expected in zip(ours.marginals, matrix.marginals, strict=True):
        assert_allclose(held, expected, atol=tolerance)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["relaxation"])
@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=8)
@given(seed=SEEDS, epsilon=st.sampled_from([0.03, 1.0, 30.0, 1e7]))
def test_points_and_their_costs_give_the_same_result(model, kind, seed, epsilon):
    points, parameters, a, b = a_problem(model, seed)
    cost = -families.get(model).log_density(points, parameters)
    ours = solve_sample(points, parameters, model, a=a, b=b, epsilon=epsilon, **kind)
    matrix = solve(cost, a, b, epsilon, **kind)
    agree(ours, matrix)
    for ours_part, part in zip(ours.potentials, matrix.potentials, strict=True):
        assert_allclose(ours_part, part, rtol=1e-9, atol=1e-9 * max(1.0, epsilon * 1e-2))
    slopes, expected = gradients(ours), gradients(matrix)
    assert_allclose(slopes.b, expected.b, rtol=1e-8, atol=1e-9 * max(1.0, epsilon))
    assert_allclose(slopes.cost, expected.cost, atol=1e-12)
    if epsilon <= 30.0:
        assert_allclose(slopes.epsilon, expected.epsilon, rtol=1e-7, atol=1e-11)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["relaxation"])
@pytest.mark.parametrize("sweeps", [1, 2, 4])
def test_whatever_was_reached_the_certificate_is_right_about_it(kind, sweeps):
    points, parameters, a, b = a_problem("gaussian-full", 3)
    cost = -families.get("gaussian-full").log_density(points, parameters)
    exact = solve(cost, a, b, 0.3, **kind).value
    rough = solve_sample(
        points, parameters, "gaussian-full", a=a, b=b, epsilon=0.3, max_iter=sweeps, **kind
    )
    assert rough.dual_value - 1e-12 <= exact <= rough.dual_value + rough.gap + 1e-12
    same = solve(cost, a, b, 0.3, max_iter=sweeps, **kind)
    assert_allclose(rough.gap, same.gap, rtol=1e-6, atol=1e-13)
    assert rough.converged == same.converged


def test_rows_in_files_are_as_good_as_points(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    points, parameters, a, b = a_problem("gaussian-full", 5, n_samples=5000)
    np.save(tmp_path / "points.npy", points)
    np.save(tmp_path / "weights.npy", a)
    table = {f"x{j}": points[:, j] for j in range(3)}
    pq.write_table(pa.table({**table, "weight": a}), tmp_path / "points.parquet")
    cost = -families.get("gaussian-full").log_density(points, parameters)
    matrix = solve(cost, a, b, 0.5)
    mixture = Mixture(b, parameters)
    for rows in (
        as_sample(points, a),
        engines.open_npy(tmp_path / "points.npy", tmp_path / "weights.npy"),
        engines.open_parquet(tmp_path / "points.parquet", weights_column="weight"),
    ):
        ours = solve_sample(rows, mixture, families.get("gaussian-full"), epsilon=0.5)
        agree(ours, matrix)
        covered = np.concatenate([np.arange(5000)[rows] for rows, _ in ours.plan_blocks()])
        assert covered.tolist() == list(range(5000))


def test_the_number_of_threads_changes_no_bit():
    points, parameters, a, b = a_problem("gaussian-full", 1, n_samples=30_000)
    one, two = (
        solve_sample(points, parameters, "gaussian-full", a=a, b=b, epsilon=0.5, n_threads=threads)
        for threads in (1, 2)
    )
    assert one.value == two.value
    assert one.g.tolist() == two.g.tolist()


def test_columns_without_weight_are_left_out_and_a_start_saves_sweeps():
    points, parameters, a, b = a_problem("gaussian-full", 2, n_samples=500)
    b[1] = 0.0
    b /= b.sum()
    cost = -families.get("gaussian-full").log_density(points, parameters)
    matrix = solve(cost, a, b, 0.05)
    ours = solve_sample(points, parameters, "gaussian-full", a=a, b=b, epsilon=0.05)
    agree(ours, matrix)
    assert ours.plan[:, 1].sum() == ours.g[1] == 0.0
    again = solve_sample(points, parameters, "gaussian-full", a=a, b=b, epsilon=0.05, g_init=ours.g)
    assert again.n_sweeps <= 5 < ours.n_sweeps
    agree(again, matrix)


def test_fewer_points_than_components_and_one_component():
    points, parameters, a, b = a_problem("gaussian-full", 4, n_samples=3, n_components=6)
    cost = -families.get("gaussian-full").log_density(points, parameters)
    agree(
        solve_sample(points, parameters, "gaussian-full", a=a, b=b, epsilon=0.5),
        solve(cost, a, b, 0.5),
    )
    single = {name: values[:1] for name, values in parameters.items()}
    alone = solve_sample(points, single, "gaussian-full", a=a)
    assert_allclose(alone.value, a @ cost[:, 0], rtol=1e-12)
    assert_allclose(alone.plan[:, 0], a, rtol=1e-14)


def test_counts_that_no_plan_can_place_are_named():
    points, parameters, a, b = a_problem("poisson", 0)
    zeros = float(a[points[:, 0] == 0.0].sum())
    b = np.array([zeros + 0.5 * (1.0 - zeros), 0.0, 0.0, 0.0])
    b[1:] = (1.0 - b[0]) / 3.0
    result = solve_sample(points, parameters, "poisson", a=a, b=b)
    assert result.status is Status.INFEASIBLE
    assert result.value == np.inf
    assert f"column 0 must receive {b[0]:.6g}, and only rows with {zeros:.6g}" in result.message
    parameters["rates"][:, 0] = 0.0
    lost = solve_sample(points, parameters, "poisson", a=a, relaxation="semirelaxed")
    assert lost.status is Status.INFEASIBLE
    assert "A row with mass may send to no column" in lost.message
    assert np.isposinf(lost.potentials[0]).any()
    assert not np.isnan(lost.plan).any()


MEMORY = """
import numpy as np
import mixot.transport, mixot.families.gaussian, mixot.engines

def kept():
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))

class Peak:
    def __init__(self):
        import threading
        self.most, self.over = 0, threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()
    def watch(self):
        while not self.over.wait(0.002):
            self.most = max(self.most, kept())

before = kept()
peak = Peak()
rng = np.random.default_rng(0)
means = 3.0 * rng.normal(size=({K}, 10))
points = means[rng.integers({K}, size={n})]
points += rng.normal(size=points.shape)
covariances = np.repeat(np.eye(10)[None], {K}, axis=0)
result = mixot.transport.solve_sample(
    points, dict(means=means, covariances=covariances), "gaussian-full", epsilon=5.0, max_iter=8
)
rows = sum(part.shape[0] for _, part in result.plan_blocks())
f = result.potentials[0]
peak.over.set()
assert rows == f.size == {n}
print((peak.most - before) / 1024.0)
"""


def test_memory_stays_far_below_a_matrix_of_costs():
    n_samples, n_components = 100_000, 100
    code = MEMORY.replace("{n}", str(n_samples)).replace("{K}", str(n_components))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    megabytes = float(done.stdout)
    # The points and their copy in the frame of the form take 16 MB of it.
    assert 8.0 < megabytes < 60.0 < 8e-6 * n_samples * n_components


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"a": np.ones(3)}, "a belongs to points"),
        ({"components": {"means": np.zeros((2, 3))}}, "has the parameters covariances, means"),
        ({"components": None}, "has the parameters covariances, means, got none"),
        ({"components": {"means": 0.0, "covariances": 1.0}}, "one entry a component"),
        (
            {"components": {"means": np.zeros((2, 2)), "covariances": np.ones((2, 3, 3))}},
            r"means must have shape \(2, 3\) for 2 components, got \(2, 2\)",
        ),
        (
            {"components": {"means": np.full((2, 3), np.nan), "covariances": np.ones((2, 3, 3))}},
            "means must not be NaN",
        ),
        (
            {"components": {"means": np.zeros((2, 3)), "covariances": np.zeros((2, 3, 3))}},
            "components: a covariance is not positive definite",
        ),
        ({"family": "gaussian-round"}, "unknown family"),
        ({"epsilon": -1.0}, "epsilon must be a finite number > 0"),
        ({"b": np.ones(2)}, "b must have shape"),
        ({"X": "points"}, "points"),
    ],
)
def test_a_senseless_request_is_refused_in_one_line(change, words):
    points, parameters, _, _ = a_problem("gaussian-full", 0)
    sample = as_sample(points)
    request = {"X": sample, "components": parameters, "family": "gaussian-full", **change}
    with pytest.raises(InputError, match=words):
        solve_sample(**request)
