"""Files give the fit that memory gives, at any size, or a line that says why not."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose

from mixot import InputError, as_sample
from mixot.engines import open_npy, open_parquet
from mixot.engines.rows import Read
from mixot.engines.tables import ArrayTable

FAMILIES = ("gaussian-full", "gaussian-tied", "poisson", "student_t-full")
pytestmark = pytest.mark.usefixtures("small_cuts")


@pytest.fixture
def save(tmp_path):
    def write(points, weights=None, order="C", dtype=np.float64):
        np.save(tmp_path / "x.npy", np.asarray(points, dtype=dtype, order=order))
        if weights is None:
            return tmp_path / "x.npy"
        np.save(tmp_path / "w.npy", weights)
        return tmp_path / "x.npy", tmp_path / "w.npy"

    return write


@pytest.fixture
def save_parquet(tmp_path):
    def write(points, row_group_size=700, n_files=11, weights=None):
        frame = pd.DataFrame(points, columns=["a", "b"])
        if weights is not None:
            frame.insert(1, "w", weights)
        frame.to_parquet(tmp_path / "x.parquet", row_group_size=row_group_size)
        (tmp_path / "folder").mkdir(exist_ok=True)
        bounds = np.linspace(0, len(frame), n_files + 1).astype(int)
        for number in range(n_files):
            piece = frame.iloc[bounds[number] : bounds[number + 1]]
            piece.to_parquet(tmp_path / "folder" / f"part.{number}.parquet")
        return tmp_path / "x.parquet", tmp_path / "folder"

    return write


@pytest.mark.parametrize("plan", ["semirelaxed", "balanced", "balanced_free", "hard"])
@pytest.mark.parametrize("name", FAMILIES)
def test_every_file_gives_the_bits_of_memory(
    name, plan, problem_of, save, save_parquet, assert_same_bits
):
    problem = problem_of(name, n_samples=1500)
    options = {"plan": plan, "max_iter": 3}
    expected = problem.fit(n_threads=2, **options)
    assert_same_bits(problem.fit(n_threads=1, **options), expected)
    variants = ({}, 1), ({}, 2), ({"order": "F"}, 1), ({"dtype": np.float32}, 2)
    for variant, n_threads in variants:
        rows = open_npy(save(problem.points, **variant))
        assert_same_bits(problem.fit(rows, n_threads=n_threads, **options), expected)
    for path, n_threads in zip(save_parquet(problem.points), (1, 2), strict=True):
        rows = open_parquet(path)
        assert_same_bits(problem.fit(rows, n_threads=n_threads, **options), expected)


@pytest.mark.parametrize("dtype", ["i2", "u1", ">i4", ">f8", "f2", "?"])
def test_numbers_of_any_type_are_read(dtype, problem_of, save, assert_same_bits):
    problem = problem_of("poisson")
    points = problem.points.astype(dtype)
    expected = problem.fit(as_sample(points))
    for order in "CF":
        assert_same_bits(problem.fit(open_npy(save(points, dtype=dtype, order=order))), expected)


def test_one_column_may_come_without_a_second_axis(problem_of, save):
    rows = open_npy(save(problem_of("poisson").points[:, 0]))
    assert (rows.n_samples, rows.n_features, rows.size) == (3000, 1, 3000.0)


@pytest.mark.parametrize("kind", ["importance", "frequency"])
def test_weights_count_as_in_memory(kind, problem_of, save, save_parquet, assert_same_bits):
    problem = problem_of("gaussian-full")
    weights = np.random.default_rng(1).integers(0, 4, 3000)
    expected = problem.fit(as_sample(problem.points, weights, kind))
    # Rows without weight may be anything that is a number.
    points = np.where(weights[:, None] > 0, problem.points, 1e200)
    rows = open_npy(*save(points, weights), kind=kind)
    assert rows.size == (weights.sum() if kind == "frequency" else (weights > 0).sum())
    found = problem.fit(rows)
    # The blocks are others: memory leaves the rows without weight out.
    assert_allclose(found.trace.objective, expected.trace.objective, rtol=1e-13)
    for path in save_parquet(points, weights=weights):
        rows = open_parquet(path, weights_column="w", kind=kind)
        assert_same_bits(problem.fit(rows), found)


def test_the_pooled_parameters_stand_for_all_rows_however_they_are_sorted(problem_of, save):
    problem = problem_of("gaussian-full")
    points = problem.points[np.argsort(problem.points[:, 0])]
    points[-1] = 500.0
    rows = open_npy(save(points))
    pooled = rows.pooled(problem.family, 3)
    exact = problem.family.initial(as_sample(points), 3)
    assert_allclose(pooled["means"], exact["means"], atol=0.1)
    assert_allclose(pooled["covariances"], exact["covariances"], rtol=0.1, atol=0.5)


def test_a_column_may_be_constant_in_a_part_but_not_in_all(problem_of, save):
    problem = problem_of("gaussian-full")
    points = problem.points.copy()
    points[:2000, 1] = 7.0
    assert open_npy(save(points)).pooled(problem.family, 3)
    points[:, 1] = 7.0
    with pytest.raises(InputError, match=r"column 1 is constant \(7\)"):
        open_npy(save(points)).pooled(problem.family, 3)


def test_distinct_rows_are_counted_over_all_parts(problem_of, save):
    family = problem_of("gaussian-full").family
    points = np.zeros((3000, 2))
    points[2900:] = [1.0, 2.0]
    assert open_npy(save(points)).pooled(family, 2)
    with pytest.raises(InputError, match="2 distinct points are too few for 3 components"):
        open_npy(save(points)).pooled(family, 3)
    points[2500] = [3.0, 1.0]
    assert open_npy(save(points)).pooled(family, 3)


@pytest.mark.parametrize("row", [0, 639, 640, 2345, 2999])
@pytest.mark.parametrize("value", [-2.0, 2.5])
def test_a_value_outside_the_support_is_named_with_its_place(
    value, row, problem_of, save, save_parquet
):
    problem = problem_of("poisson")
    points = problem.points.copy()
    points[row, 1] = value
    what = f"column 1 is {value:g}; counts must be"
    with pytest.raises(InputError, match=rf"x\.npy: row {row}, {what}"):
        problem.fit(open_npy(save(points)))
    folder = save_parquet(points)[1]
    with pytest.raises(InputError, match=rf"part\.\d+\.parquet: row \d+, {what}") as caught:
        problem.fit(open_parquet(folder))
    file, _, rest = str(caught.value).partition(": row ")
    assert pd.read_parquet(file)["b"].iloc[int(rest.split(",")[0])] == value


def test_values_that_are_missing_or_not_finite_are_named(problem_of, save, save_parquet, tmp_path):
    problem = problem_of("gaussian-full")
    points = problem.points.copy()
    points[1234, 0] = np.inf
    with pytest.raises(InputError, match=r"x\.npy: row 1234, column 0 is inf; every value"):
        problem.fit(open_npy(save(points)))
    with pytest.raises(InputError, match=r"x\.parquet: row 1234, column 'a' is inf"):
        problem.fit(open_parquet(save_parquet(points)[0]))
    column = pa.array([1.0, None, 3.0])
    pq.write_table(pa.table({"a": column, "b": [1.0, 2.0, 3.0]}), tmp_path / "gap.parquet")
    with pytest.raises(InputError, match=r"gap\.parquet: row 1, column 'a' is missing"):
        problem.fit(open_parquet(tmp_path / "gap.parquet"))


@pytest.mark.parametrize(
    ("weights", "kind", "message"),
    [
        (np.r_[-1.0, np.ones(2999)], "importance", r"x\.npy: row 0 has the weight -1; weights"),
        (np.r_[np.ones(2999), np.nan], "importance", "row 2999 has the weight nan"),
        (np.full(3000, 0.5), "frequency", "row 0 has the weight 0.5; frequencies must be whole"),
        (np.zeros(3000), "importance", "weights: their sum is 0.0"),
        (np.ones(2999), "importance", r"one number a row, 3000 in all, got shape \(2999, 1\)"),
        (np.ones(3000), "counts", "kind must be importance or frequency"),
    ],
)
def test_weights_that_make_no_sense_are_refused(weights, kind, message, problem_of, save):
    with pytest.raises(InputError, match=message):
        open_npy(*save(problem_of("poisson").points, weights), kind=kind)


def test_files_that_hold_no_table_are_refused(tmp_path, save):
    (tmp_path / "text.npy").write_text("1, 2, 3")
    (tmp_path / "empty").mkdir()
    cases = [
        (lambda: open_npy(tmp_path / "none.npy"), r"none\.npy: cannot be read: No such file"),
        (lambda: open_npy(tmp_path), "is not a file"),
        (lambda: open_npy(tmp_path / "text.npy"), "is not an array in NumPy's format"),
        (lambda: open_npy(save([["a"]], dtype="U1")), "must hold real numbers, got the type <U1"),
        (lambda: open_npy(save([[1j]], dtype=complex)), "got the type complex128"),
        (lambda: open_npy(save([[None]], dtype=object)), "got the type object"),
        (lambda: open_npy(save(np.zeros((2, 2, 2)))), r"got an array of shape \(2, 2, 2\)"),
        (lambda: open_npy(save(np.zeros((0, 2)))), "at least one row and one column"),
        (lambda: open_parquet(tmp_path / "none.parquet"), "cannot be read: No such file"),
        (lambda: open_parquet(tmp_path / "text.npy"), "is not a Parquet file"),
        (lambda: open_parquet(tmp_path / "empty"), r"holds no \.parquet file"),
    ]
    for attempt, message in cases:
        with pytest.raises(InputError, match=message):
            attempt()
    short = save(np.ones((10, 2)))
    os.truncate(short, short.stat().st_size - 1)
    with pytest.raises(InputError, match="is cut short: 287 bytes instead of 288"):
        open_npy(short)


def test_columns_of_parquet_files_are_chosen_and_checked(tmp_path):
    table = pa.table({"a": [1.0, 2.0], "text": ["x", "y"], "b": [3, 4]})
    pq.write_table(table, tmp_path / "x.parquet")
    rows = open_parquet(tmp_path / "x.parquet", columns=["b", "a"])
    (slab,) = rows._table.slabs([slice(0, 2)])
    assert slab.points.tolist() == [[3.0, 1.0], [4.0, 2.0]]
    with pytest.raises(InputError, match="column 'text' holds string; columns must hold numbers"):
        open_parquet(tmp_path / "x.parquet")
    with pytest.raises(InputError, match="has no column 'c', only a, text, b"):
        open_parquet(tmp_path / "x.parquet", columns=["c"])
    with pytest.raises(InputError, match="at least one row and one column"):
        open_parquet(tmp_path / "x.parquet", columns=[])


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda path: os.truncate(path, 4000), r"has changed since it was opened; open it again"),
        (lambda path: path.write_bytes(path.read_bytes()), "has changed since it was opened"),
        (lambda path: path.unlink(), "cannot be read: No such file"),
    ],
)
def test_a_fit_ends_with_a_sentence_where_its_file_changes(
    harm, message, n_threads, problem_of, save, save_parquet
):
    problem = problem_of("gaussian-full")
    for path, opener in (
        (save(problem.points), open_npy),
        (save_parquet(problem.points)[0], open_parquet),
    ):

        def stop(objectives, certificate, path=path):
            if len(objectives) == 3:
                harm(path)
            return False

        with pytest.raises(InputError, match=message):
            problem.fit(opener(path), stop=stop, n_threads=n_threads)


def test_a_file_that_shrinks_in_the_middle_of_a_pass_is_noticed(problem_of, save):
    path = save(problem_of("gaussian-full").points)
    slabs = open_npy(path)._table.slabs([slice(0, 100), slice(100, 3000)])
    next(slabs)
    os.truncate(path, 8000)
    with pytest.raises(InputError, match="ends before its last row"):
        next(slabs)


def test_a_file_that_is_rewritten_in_the_middle_of_a_pass_is_noticed(problem_of, save):
    path = save(problem_of("gaussian-full").points)
    slabs = open_npy(path)._table.slabs([slice(0, 100), slice(100, 3000)])
    next(slabs)
    path.write_bytes(path.read_bytes())
    next(slabs)
    with pytest.raises(InputError, match="has changed since it was opened"):
        next(slabs)


def test_arrays_without_order_are_read_like_files(problem_of, assert_same_bits):
    problem = problem_of("gaussian-full")
    points = np.repeat(problem.points.astype(np.float32), 2, axis=0)[::2]
    assert_same_bits(problem.fit(Read(ArrayTable(3000, points, None), "importance")), problem.fit())


def test_what_is_no_sample_is_refused(problem_of):
    problem = problem_of("gaussian-full")
    with pytest.raises(InputError, match="cannot fit to ndarray: give what"):
        problem.fit(problem.points)


WATCH = """
import sys, threading
import numpy as np
from mixot import Mixture, families, fit
from mixot.engines import open_npy

def anonymous():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))

def watch():
    global most
    while not done.wait(0.005):
        most = max(most, anonymous())

imported = most = anonymous()
done = threading.Event()
watcher = threading.Thread(target=watch)
watcher.start()
means = np.random.default_rng(1).normal(size=(4, 4))
start = Mixture(np.full(4, 1 / 4), {"means": means, "covariances": np.tile(np.eye(4), (4, 1, 1))})
fit(open_npy(sys.argv[1]), start, families.get("gaussian-full"), max_iter=1, n_threads=2)
done.set()
watcher.join()
print(imported, most)
"""


def test_memory_does_not_grow_with_the_file(tmp_path):
    some = np.random.default_rng(0).normal(size=(100_000, 4))
    most = []
    for n_samples in (500_000, 2_500_000):
        shape = (n_samples, 4)
        path = tmp_path / "x.npy"
        points = np.lib.format.open_memmap(path, mode="w+", dtype=np.float64, shape=shape)
        for start in range(0, n_samples, 100_000):
            points[start : start + 100_000] = some + start
        del points
        command = [sys.executable, "-c", WATCH, path]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        imported, peak = map(int, done.stdout.split())
        # In kB; the larger file has 80,000.
        assert peak - imported < 50_000
        most.append(peak)
    assert most[1] < 1.2 * most[0]
