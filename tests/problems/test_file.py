"""The user's own file: three formats, one meaning, and a clear line for everything else."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mixot import families, problems
from mixot.errors import InputError

FRAME = pd.DataFrame(
    {
        "a": [1.5, 2.25, 0.1, 1 / 3],
        "label": ["x", "y", "x", "y"],
        "b": [1, 0, 4, 2],
        "w": [3, 1, 0, 2],
    }
)


@pytest.fixture
def folder(tmp_path):
    """Hold the same table as CSV, Parquet and (without its text) NumPy files."""
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    FRAME.to_parquet(tmp_path / "t.parquet")
    np.save(tmp_path / "t.npy", FRAME[["a", "b", "w"]].to_numpy())
    return tmp_path


def load(path, **options):
    """Load a file with two components unless said otherwise."""
    return problems.load("file", 0, **{"path": path, "n_components": 2, **options})


def refusal(path, **options):
    """Return the line with which a file is refused; it opens with its path."""
    with pytest.raises(InputError) as caught:
        load(path, **options)
    line = str(caught.value)
    assert "\n" not in line
    return line


def write(path: Path, text: str) -> Path:
    """Write a small file and return its path."""
    path.write_text(text, encoding="utf-8")
    return path


def test_csv_parquet_and_npy_give_the_same_problem_to_the_bit(folder):
    named = {"columns": ["a", "b"], "weights_column": "w"}
    csv = load(folder / "t.csv", **named)
    parquet = load(str(folder / "t.parquet"), **named)
    npy = load(folder / "t.npy", columns=[0, 1], weights_column=2)
    assert csv.digest == parquet.digest == npy.digest
    np.testing.assert_array_equal(csv.sample.points, FRAME[["a", "b"]].to_numpy()[[0, 1, 3]])
    assert (csv.columns, npy.columns) == (("a", "b"), ("0", "1"))
    assert csv.n_components == 2


def test_frequencies_and_importance_weights_differ_by_the_number_of_observations(folder):
    named = {"columns": "a", "weights_column": "w"}
    importance = load(folder / "t.csv", **named)
    frequency = load(folder / "t.csv", **named, weights_kind="frequency")
    np.testing.assert_array_equal(importance.sample.weights, frequency.sample.weights)
    assert (importance.sample.size, frequency.sample.size) == (3, 6)
    assert importance.digest != frequency.digest


def test_columns_come_in_the_order_of_the_request(folder):
    one, other = (load(folder / "t.csv", columns=c) for c in (["a", "b"], ["b", "a"]))
    np.testing.assert_array_equal(one.sample.points, other.sample.points[:, ::-1])


def test_without_a_choice_all_columns_but_the_weights_are_points(folder):
    assert load(folder / "t.npy", weights_column=1).columns == ("0", "2")
    assert load(folder / "t.npy").columns == ("0", "1", "2")


def test_a_vector_is_one_column_of_points(tmp_path):
    np.save(tmp_path / "v.npy", np.arange(5.0))
    assert load(tmp_path / "v.npy").sample.points.shape == (5, 1)


def test_decimals_are_read_to_the_last_bit(tmp_path):
    values = np.random.default_rng(0).random(200) * 1e-5
    text = "x\n" + "\n".join(repr(float(v)) for v in values)
    points = load(write(tmp_path / "x.csv", text)).sample.points
    np.testing.assert_array_equal(points[:, 0], values)


def test_blanks_after_commas_and_a_byte_order_mark_do_no_harm(tmp_path):
    problem = load(write(tmp_path / "x.csv", "\ufeffa, b\n1, 2\n3, 4\n"))
    assert problem.columns == ("a", "b")
    np.testing.assert_array_equal(problem.sample.points, [[1, 2], [3, 4]])


def test_numbered_columns_of_a_saved_array_are_names_like_any_other(tmp_path):
    pd.DataFrame([[1.0, 2.0], [3.0, 4.0]]).to_csv(tmp_path / "x.csv", index=False)
    assert load(tmp_path / "x.csv", columns=[1]).sample.points.tolist() == [[2.0], [4.0]]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"columns": ["a", "c"]}, "no column 'c'; there are a, label, b, w"),
        ({"columns": ["a"], "weights_column": "v"}, "no column 'v'; there are a, label, b, w"),
        ({}, "row 0, column 'label' is 'x'; every value must be a number"),
        ({"columns": ["label"]}, "row 0, column 'label' is 'x'"),
        ({"columns": "a", "weights_column": "label"}, "weights: row 0, column 'label' is 'x'"),
        ({"columns": "a", "weights_column": "a", "weights_kind": "frequency"}, "both a feature"),
        (
            {"columns": "b", "weights_column": "a", "weights_kind": "frequency"},
            "weights: row 0 is 1.5; frequencies must be whole numbers",
        ),
        (
            {"columns": "b", "weights_column": "a", "weights_kind": "counts"},
            "weights_kind must be importance or frequency, got 'counts'",
        ),
        ({"columns": ["a", "b", "a"]}, "columns must be different, got 'a' more than once"),
        ({"columns": []}, "columns must name at least one column"),
        ({"columns": "a", "n_components": 5}, "4 observations are too few for 5 components"),
        ({"columns": "a", "n_components": 0}, "n_components must be a whole number >= 1, got 0"),
        ({"columns": "a", "n_components": None}, "n_components must be given"),
        ({"n_samples": 3}, "has no option 'n_samples'; allowed: columns, n_components, path"),
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_request_that_does_not_fit_the_table_is_refused(folder, suffix, options, words):
    assert words in refusal(folder / f"t.{suffix}", **options)


@pytest.mark.parametrize("columns", [[3], [-1], ["a"]])
def test_a_position_that_an_array_does_not_have_is_refused(folder, columns):
    assert f"no column '{columns[0]}'; there are 0, 1, 2" in refusal(
        folder / "t.npy", columns=columns
    )


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.csv", b"", "cannot be read as .csv"),
        ("x.csv", b"\xff\xfe\x00a", "cannot be read as .csv"),
        ("x.csv", b"a,b\n1,2,3\n", "cannot be read as .csv"),
        ("x.csv", b"a,b\n1,2\n1,2,3\n", "cannot be read as .csv"),
        ("x.csv", b"1.5,2\n3,4\n", "the first line must name the columns"),
        ("x.csv", b",b\n0,2\n1,4\n", "column 0 has no name; say which columns to use"),
        ("x.csv", b"a,b\n", "at least one row"),
        ("x.csv", b"a,b\n1,2\n3\n", "Expected 2 columns, got 1"),
        ("x.csv", b"a,b\n1,2\n3,\n", "row 1, column 'b' is nan"),
        ("x.csv", b"a,a\n1,2\n", "the column name 'a' occurs more than once"),
        ("x.csv", b"a,b\n1,2\nNA,1\n", "row 1, column 'a' is nan"),
        ("x.csv", b"a,b\n1,2\n3,-inf\n", "row 1, column 'b' is -inf"),
        ("x.csv", b"a,b\n1,2\n3,1e999\n", "row 1, column 'b' is inf"),
        ("x.csv", b"a\n1\n2\nthree\n4\n", "row 2, column 'a' is 'three'"),
        ("x.csv", b"a;b\n1;2\n", "row 0, column 'a;b' is '1;2'"),
        ("x.csv", b"a\n1.2\n3,4\n", "cannot be read as .csv"),
        ("x.parquet", b"not parquet", "cannot be read as .parquet"),
        ("x.npy", b"not numpy", "cannot be read as .npy"),
        ("x.npy", b"", "cannot be read as .npy"),
        ("x.txt", b"1 2", "files of type .txt are not supported; allowed: .csv, .parquet, .npy"),
        ("x", b"1 2", "files of type (no suffix) are not supported"),
    ],
)
def test_a_file_that_is_not_a_table_of_numbers_is_refused(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    line = refusal(path)
    assert line.startswith(str(path))
    assert words in line


@pytest.mark.parametrize("shape", [(0,), (0, 2), (2, 0)])
def test_an_empty_array_is_refused(tmp_path, shape):
    np.save(tmp_path / "x.npy", np.ones(shape))
    assert "at least one row and one column" in refusal(tmp_path / "x.npy")


@pytest.mark.parametrize("shape", [(), (2, 2, 2)])
def test_an_array_without_rows_and_columns_is_refused(tmp_path, shape):
    np.save(tmp_path / "x.npy", np.ones(shape))
    assert "must hold one array of shape (n,) or (n, d)" in refusal(tmp_path / "x.npy")


def test_an_array_of_objects_is_not_unpickled(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], dtype=object))
    assert "cannot be read as .npy" in refusal(tmp_path / "x.npy")


def test_a_file_that_is_missing_or_a_folder_is_refused(tmp_path):
    assert refusal(tmp_path / "none.csv") == f"{tmp_path / 'none.csv'}: no such file"
    (tmp_path / "folder.csv").mkdir()
    assert "cannot be read" in refusal(tmp_path / "folder.csv")


@pytest.mark.parametrize("path", [None, "", 3])
def test_a_path_must_be_given(path):
    assert f"path must name a .csv, .parquet or .npy file, got {path!r}" in refusal(path)


def test_negative_weights_and_weights_that_are_all_zero_are_refused(tmp_path):
    table = write(tmp_path / "x.csv", "a,w,z\n1,1,0\n2,-2,0\n")
    options = {"columns": ["a"]}
    assert "row 1 is -2; weights must be >= 0" in refusal(table, weights_column="w", **options)
    assert "weights are all zero" in refusal(table, weights_column="z", **options)


def test_a_table_of_nothing_but_weights_is_refused(tmp_path):
    table = write(tmp_path / "x.csv", "w\n1\n2\n")
    assert "no column besides the weights" in refusal(table, weights_column="w")


@pytest.mark.parametrize("value", ["-1", "0.5"])
def test_what_is_not_a_count_is_refused_when_poisson_is_to_be_fitted(tmp_path, value):
    problem = load(write(tmp_path / "x.csv", f"calls,mails\n1,2\n3,{value}\n"))
    with pytest.raises(InputError, match=r"columns calls, mails\): .*row 1, column 1 is .*counts"):
        problems.check(problem, families.get("poisson"))
