"""The README's Python runs as it stands, from the first block to the last."""

import re
from pathlib import Path

import numpy as np
import pytest

README = Path(__file__).parents[2] / "README.md"


def blocks():
    return re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.M | re.S)


@pytest.mark.filterwarnings("default::sklearn.exceptions.ConvergenceWarning")
def test_every_block_of_python_in_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]])[np.arange(300) % 3]
    np.savetxt("my.csv", rng.normal(centres), delimiter=",", header="a,b", comments="")
    names = {}
    for block in blocks():
        exec(compile(block, str(README), "exec"), names)
    assert "converged" in capsys.readouterr().out
    assert np.bincount(names["labels"]) == pytest.approx(100, abs=3)
    assert np.abs(names["shares"].sum(axis=1) - 1.0).max() < 1e-12
