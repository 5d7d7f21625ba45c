"""Dask's workers give the fit that memory gives, whoever they are and whatever becomes of them."""

import os
import signal
import sys
from collections import Counter

import dask.array as da
import dask.dataframe as dd
import distributed
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mixot import InputError, as_sample, engines
from mixot.engines import from_dask, open_parquet, workers

# Tests go to processes by file, so that there is one cluster.
# Three parts, which no chunk of 33,333 rows respects.
N_SAMPLES = 150_000


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def chunked(points):
    return da.from_array(points, chunks=(33_333, 1))


@pytest.mark.parametrize(
    ("name", "plan", "max_iter"),
    [
        ("gaussian-full", "semirelaxed", 5),
        ("gaussian-full", "balanced", 2),
        ("gaussian-full", "balanced_free", 1),
        ("gaussian-full", "hard", 2),
        ("gaussian-tied", "semirelaxed", 2),
        ("poisson", "semirelaxed", 2),
        ("student_t-full", "semirelaxed", 1),
    ],
)
def test_workers_give_the_bits_of_memory(
    name, plan, max_iter, client, problem_of, assert_same_bits
):
    problem = problem_of(name, N_SAMPLES)
    rows = from_dask(chunked(problem.points))
    found = problem.fit(rows, plan=plan, max_iter=max_iter)
    assert_same_bits(found, problem.fit(plan=plan, max_iter=max_iter))


def test_the_number_of_workers_and_groups_changes_no_bit(
    client, problem_of, assert_same_bits, monkeypatch
):
    problem = problem_of("gaussian-full", N_SAMPLES)
    expected = problem.fit(from_dask(chunked(problem.points)))
    one = dict(list(client.nthreads().items())[:1])
    monkeypatch.setattr(workers, "_threads", lambda client: one)
    monkeypatch.setattr(workers, "_GROUPS_A_THREAD", 1)
    rows = from_dask(chunked(problem.points))
    assert len(rows._groups) == 1
    assert_same_bits(problem.fit(rows), expected)


def test_groups_are_dealt_evenly_and_stay_where_they_are(client, problem_of):
    problem = problem_of("poisson", N_SAMPLES)
    # All on one worker to begin with.
    lonely = next(iter(client.nthreads()))
    points = client.persist(chunked(problem.points), workers=[lonely])
    rows = from_dask(points)
    before = client.who_has(rows._tables)
    dealt = Counter(worker for holders in before.values() for worker in holders)
    assert sorted(dealt.values()) == [1, 2]
    problem.fit(rows, max_iter=3)
    assert client.who_has(rows._tables) == before


def test_a_fit_goes_on_when_a_worker_dies(client, problem_of, assert_same_bits):
    problem = problem_of("gaussian-full", N_SAMPLES)
    rows = from_dask(chunked(problem.points))
    (victim, *_), *_ = client.who_has(rows._tables).values()
    process = client.run(os.getpid, workers=[victim])[victim]

    def kill(objectives, certificate):
        if len(objectives) == 3:
            os.kill(process, signal.SIGKILL)
        return False

    assert_same_bits(problem.fit(rows, stop=kill, max_iter=8), problem.fit(max_iter=8))
    client.wait_for_workers(2)


def test_rows_that_cannot_be_computed_again_are_missed_with_a_sentence(client, problem_of):
    problem = problem_of("gaussian-full", 2000)
    scattered = client.scatter(problem.points)
    rows = from_dask(da.from_delayed(scattered, problem.points.shape, dtype=float))
    del scattered
    processes = client.run(os.getpid).values()

    def kill(objectives, certificate):
        if len(objectives) == 3:
            for process in processes:
                os.kill(process, signal.SIGKILL)
        return False

    with pytest.raises(InputError, match="rows were lost with a worker and cannot be computed"):
        problem.fit(rows, stop=kill)
    client.wait_for_workers(2)


def test_workers_read_parquet_files_and_frames_themselves(
    client, problem_of, assert_same_bits, tmp_path
):
    problem = problem_of("gaussian-full", N_SAMPLES)
    weights = np.random.default_rng(1).integers(0, 3, N_SAMPLES)
    frame = pd.DataFrame(problem.points, columns=["a", "b"]).assign(w=weights)
    bounds = np.linspace(0, N_SAMPLES, 8).astype(int)
    for number in range(7):
        piece = frame.iloc[bounds[number] : bounds[number + 1]]
        piece.to_parquet(tmp_path / f"part.{number}.parquet", row_group_size=9999)
    options = {"weights_column": "w", "columns": ["a", "b"]}
    expected = problem.fit(open_parquet(tmp_path, **options), max_iter=2)
    found = problem.fit(open_parquet(tmp_path, **options, client=client), max_iter=2)
    assert_same_bits(found, expected)
    table = dd.read_parquet(tmp_path)
    points = table[["a", "b"]].astype("float32")
    found = problem.fit(from_dask(points, table["w"], client=client), max_iter=2)
    assert_same_bits(found, expected)
    found = problem.fit(from_dask(chunked(problem.points), weights), max_iter=2)
    assert_same_bits(found, expected)
    in_memory = problem.fit(as_sample(problem.points, weights), max_iter=2)
    assert_allclose(found.trace.objective, in_memory.trace.objective, rtol=1e-13)


def test_what_no_worker_can_use_is_refused_in_one_line(client, problem_of):
    problem = problem_of("poisson", N_SAMPLES)
    cube = da.zeros((4, 4, 4))
    texts = da.from_array(np.array([["a"], ["b"]]))
    points = problem.points.copy()
    points[140_000, 1] = -3.0
    holes = problem.points.copy()
    holes[70_000, 0] = np.nan
    frame = dd.from_pandas(pd.DataFrame(holes, columns=["a", "b"]), npartitions=3)
    cases = [
        (lambda: from_dask(cube), r"points: must be a table of shape \(n, d\)"),
        (lambda: from_dask(texts), "points: must be real numbers, got the type <U1"),
        (lambda: from_dask(chunked(points), np.ones(7)), r"150000 in all, got shape \(7,\)"),
        (lambda: from_dask(chunked(points), client=3), "client must be a distributed.Client"),
        (lambda: problem.fit(from_dask(chunked(points))), "row 140000, column 1 is -3; counts"),
        (lambda: problem.fit(from_dask(frame)), "points: row 70000, column 'a' is nan"),
    ]
    for attempt, message in cases:
        with pytest.raises(InputError, match=message):
            attempt()


def test_a_closed_client_is_named(client, problem_of):
    problem = problem_of("poisson", 2000)
    with distributed.Client(client.scheduler.address, set_as_default=False) as other:
        rows = from_dask(chunked(problem.points), client=other)
    with pytest.raises(InputError, match="the Dask client is closed"):
        problem.fit(rows)
    with pytest.raises(InputError, match="the Dask client is closed"):
        from_dask(chunked(problem.points), client=other)


def test_without_a_client_there_are_no_workers(monkeypatch):
    def nobody():
        raise ValueError("No clients found")

    monkeypatch.setattr(distributed, "default_client", nobody)
    with pytest.raises(InputError, match=r"there is no Dask client: start one with distributed"):
        from_dask(da.zeros((4, 4)))


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.delattr(engines, "workers")
    monkeypatch.delitem(sys.modules, "mixot.engines.workers")
    monkeypatch.setitem(sys.modules, "dask", None)
    with pytest.raises(InputError, match=r"dask is not installed: pip install 'mixot\[distributed"):
        from_dask(np.zeros((4, 4)))
