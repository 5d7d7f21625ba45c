"""Problems as files: complete, the same to the byte, and never half there."""

import dataclasses
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixot import problems
from mixot.arrays import as_sample
from mixot.errors import InputError
from mixot.problems import Problem

NAMES = [name for name in problems.names() if name != "file"]


def assert_same(one, other):
    """Compare two values of a problem's field, arrays and mixtures included."""
    if dataclasses.is_dataclass(one):
        assert type(one) is type(other)
        for field in dataclasses.fields(one):
            assert_same(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_same(one[key], other[key])
    else:
        assert one == other


@pytest.mark.parametrize("name", NAMES)
def test_a_problem_comes_back_as_it_was_written(tmp_path, name):
    problem = problems.load(name, 5)
    problems.write(problem, tmp_path / "deep" / "p.npz")
    assert_same(problem, problems.read(tmp_path / "deep" / "p.npz"))


def test_writing_twice_gives_the_same_bytes_and_leaves_nothing_else(tmp_path, monkeypatch):
    problem = problems.load("high_dimensional", 0)
    problems.write(problem, tmp_path / "a.npz")
    monkeypatch.setattr("time.time", lambda: 2e9)
    problems.write(problem, tmp_path / "b.npz")
    problems.write(problem, tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["a.npz", "b.npz"]


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    target = tmp_path / "p.npz"
    problems.write(problems.load("iris"), target)
    before = target.read_bytes()

    def full_disk(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(InputError, match=r"p\.npz: cannot be written: No space left"):
        problems.write(problems.load("wine"), target)
    assert target.read_bytes() == before
    assert os.listdir(tmp_path) == ["p.npz"]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written") as caught:
        problems.write(problems.load("iris"), tmp_path / "file" / "p.npz")
    assert "\n" not in str(caught.value)


def foreign(tmp_path):
    """Yield files that are not what `write` wrote."""
    good = tmp_path / "good.npz"
    problems.write(problems.load("times_deaths"), good)
    content = good.read_bytes()
    with np.load(good) as archive:
        arrays = dict(archive)
    yield "empty", b""
    yield "text", b"hello"
    yield "cut", content[: len(content) // 2]
    flipped = bytearray(content)
    flipped[content.index(arrays["points"].tobytes()) + 7] ^= 1
    yield "flipped bit", bytes(flipped)
    for name, changed in [
        ("no points", {k: v for k, v in arrays.items() if k != "points"}),
        ("other points", {**arrays, "points": arrays["points"] + 1.0}),
        ("other weights", {**arrays, "weights": arrays["weights"][::-1]}),
        ("no metadata", {**arrays, "metadata": np.array("{}")}),
        ("a later format", {**arrays, "metadata": _with_format(arrays["metadata"], 2)}),
    ]:
        np.savez(good, **changed)
        yield name, good.read_bytes()
    np.save(tmp_path / "one.npy", np.ones(3))
    yield "array", (tmp_path / "one.npy").read_bytes()


def _with_format(metadata, version):
    return np.array(str(metadata).replace('"format": 1', f'"format": {version}'))


def test_a_foreign_or_damaged_file_is_one_line_that_names_it(tmp_path):
    path = tmp_path / "suspect.npz"
    for name, content in foreign(tmp_path):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"suspect\.npz: .*generate") as caught:
            problems.read(path)
        assert "\n" not in str(caught.value), name


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"none\.npz: no such file"):
        problems.read(tmp_path / "none.npz")


def problem_of(points, weights=None, kind="importance", **known):
    """Return a problem of these points."""
    sample = as_sample(points, weights, kind)
    return Problem("test", sample, 1, ("poisson",), ("x",), "a test", **known)


@given(st.lists(st.floats(-9, 9), min_size=2, max_size=6), st.data())
def test_the_digest_changes_with_any_point_weight_or_size_and_with_nothing_else(points, data):
    plain = problem_of(points)
    labels = np.zeros(len(points), dtype=np.int64)
    assert problem_of(list(points), np.full(len(points), 3.0), labels=labels).digest == plain.digest
    row = data.draw(st.integers(0, len(points) - 1))
    moved, weighed = list(points), np.ones(len(points))
    moved[row] = np.nextafter(moved[row], np.inf)
    weighed[row] = 2.0
    others = [
        problem_of(moved),
        problem_of(points, weighed),
        problem_of(points, weighed, "frequency"),
        problem_of(points, 2 * np.ones(len(points)), "frequency"),
    ]
    assert len({plain.digest, *(other.digest for other in others)}) == 5


def test_the_digest_tells_two_shapes_of_the_same_numbers_apart():
    numbers = np.arange(4.0)
    assert problem_of(numbers.reshape(2, 2), [1, 1]).digest != problem_of(numbers).digest
