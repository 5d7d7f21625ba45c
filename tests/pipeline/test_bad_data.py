"""A user's file that cannot be served: one line, code 2, nothing written."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mixot import runs
from mixot.pipeline import fit

GOOD = {"a": [0.0, 1.0, 2.0, 5.0, 7.0], "b": [1.0, 3.0, 2.0, 8.0, 4.0], "w": [1, 2, 3, 1, 1]}


def table(**changes: object) -> pd.DataFrame:
    return pd.DataFrame({**GOOD, **changes})


CASES = {
    "nan": (table(a=[0.0, np.nan, 2.0, 5.0, 7.0]), []),
    "infinite": (table(a=[0.0, np.inf, 2.0, 5.0, 7.0]), []),
    "too few points": (table(), ["problem.n_components=6"]),
    "constant column": (table(a=[1.0] * 5), []),
    "too few distinct points": (
        table(a=[0.0, 0, 0, 0, 1], b=[0.0, 0, 0, 0, 1]),
        ["problem.n_components=3"],
    ),
    "text column": (table(a=["x", "y", "z", "u", "v"]), []),
    "missing column": (table(), ["problem.columns=[a,nothing]"]),
    "negative weights": (table(w=[1, -2, 3, 1, 1]), ["problem.weights_column=w"]),
    "zero weights": (table(w=[0, 0, 0, 0, 0]), ["problem.weights_column=w"]),
    "negative counts": (table(a=[1, 2, -3, 4, 5]), ["problem.columns=[a]", "family.name=poisson"]),
    "fractional counts": (
        table(a=[1, 2.5, 3, 4, 5]),
        ["problem.columns=[a]", "family.name=poisson"],
    ),
    "fractional frequencies": (
        table(w=[1, 2.5, 3, 1, 1]),
        ["problem.weights_column=w", "problem.weights_kind=frequency"],
    ),
    "kind of weights": (table(), ["problem.weights_column=w", "problem.weights_kind=foo"]),
    "missing file": (None, []),
    "no components": (table(), ["problem.n_components=null"]),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_data_are_refused_in_one_line_and_nothing_is_written(
    case: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    frame, arguments = CASES[case]
    monkeypatch.chdir(tmp_path)
    if frame is not None:
        frame.to_csv("my.csv", index=False)
    with pytest.raises(SystemExit) as stopped:
        fit.main(
            [
                "problem=file",
                "problem.path=my.csv",
                "problem.columns=[a,b]",
                "problem.n_components=2",
                *arguments,
                "tracker=none",
            ]
        )
    said = capsys.readouterr()
    assert stopped.value.code == 2, said
    assert said.err.startswith("mixot-fit: error: ")
    assert said.err.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} <= {"my.csv"}


def test_the_same_table_gives_the_same_run_whatever_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    frame = table()
    frame.to_csv("my.csv", index=False)
    frame.to_parquet("my.parquet")
    np.save("my.npy", frame.to_numpy())
    found = []
    for suffix, columns, weights in (
        ("csv", "a,b", "w"),
        ("parquet", "a,b", "w"),
        ("npy", "0,1", "2"),
    ):
        with pytest.raises(SystemExit) as stopped:
            fit.main(
                [
                    "problem=file",
                    f"problem.path=my.{suffix}",
                    f"problem.columns=[{columns}]",
                    f"problem.weights_column={weights}",
                    "problem.weights_kind=frequency",
                    "problem.n_components=2",
                    "family.name=gaussian-spherical",
                    "tracker=none",
                    f"paths.results={suffix}",
                ]
            )
        assert stopped.value.code == 0
        (path,) = runs.find(suffix)
        result = runs.read_result(path)
        assert path.name.startswith("seed~0~")
        found.append((result["data_digest"], result["size"], result["metrics"]))
    assert found[0] == found[1] == found[2]
    assert found[0][1] == 8.0
