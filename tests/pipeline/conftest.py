"""A command as a process, and one set of finished runs that several tests look at."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


def run_command(verb: str, *arguments: str, cwd: Path) -> Outcome:
    done = subprocess.run(
        [sys.executable, "-m", f"mixot.pipeline.{verb}", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., Outcome]:
    """Run a mixot command in an empty folder."""

    def run(verb: str, *arguments: str) -> Outcome:
        return run_command(verb, *arguments, cwd=tmp_path)

    return run


SWEEP = ("-m", "problem=times_deaths,faithful", "solver=em,ot_balanced,hard", "seed=[0,1]")


@pytest.fixture(scope="session")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with a small sweep in it; tests must not change it."""
    folder = tmp_path_factory.mktemp("swept")
    outcome = run_command("fit", *SWEEP, "tracker=none", cwd=folder)
    assert outcome.code == 0, outcome.err
    assert outcome.err == ""
    assert [path.name for path in folder.iterdir()] == ["results"]
    return folder / "results"
