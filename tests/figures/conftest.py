"""A small study: real fits of three problems, two seeds, two temperatures, and some evidence."""

import subprocess
import sys
from pathlib import Path

import pytest

from mixot import figures


def run_command(verb: str, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", f"mixot.pipeline.{verb}", *arguments],
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    common = ("-m", "solver=em,ot_semirelaxed", "seed=[0,1]", "tracker=none")
    where = f"paths.results={folder}"
    run_command("fit", *common, "problem=times_deaths,faithful,overlapping", where)
    run_command("fit", *common, "problem=times_deaths,overlapping", "solver.epsilon=3", where)
    run_command("evidence", "experiments=[gap]", "problem=faithful", where)
    return folder


@pytest.fixture(scope="session")
def drawn(results: Path) -> Path:
    for name in figures.names():
        figures.save(figures.make(name, results), results / "figures", name)
    return results
