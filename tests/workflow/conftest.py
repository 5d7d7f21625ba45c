"""The real snakemake on a study of two fits, which is run once for all tests."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FAITHFUL = {"faithful": ["gaussian-full"]}
STUDY = {
    "name": "tiny",
    "seeds": 1,
    "seed_block": 1,
    "grids": [
        {"name": "solvers", "epsilons": ["1"], "solvers": ["em", "hard"], "problems": FAITHFUL}
    ],
    "evidence": {"equivalence": FAITHFUL},
    "experiments": ["noise_level"],
    "effort": "smoke",
    "claims": ["A2", "F4"],
    "minimum_problems": 1,
    "figures": ["trajectories"],
}


@dataclass(frozen=True)
class Outcome:
    code: int
    text: str


class Workshop:
    """The workflow of this checkout, and how to run it in a folder."""

    root = ROOT

    def arguments(self, *more: str, root: Path = ROOT) -> list[str]:
        program = [sys.executable, "-m", "snakemake", "--snakefile", str(root / "Snakefile")]
        return [*program, "--cores", "2", "--config", "study=study.yaml", *more]

    def environment(self, root: Path = ROOT) -> dict[str, str]:
        programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return {**os.environ, "PYTHONPATH": str(root / "src"), "PATH": programs}

    def call(self, command: list[str], folder: Path, root: Path = ROOT) -> Outcome:
        done = subprocess.run(
            command,
            cwd=folder,
            env=self.environment(root),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Outcome(done.returncode, done.stdout)

    def mixot(self, verb: str, *more: str, folder: Path) -> Outcome:
        return self.call([sys.executable, "-m", f"mixot.pipeline.{verb}", *more], folder)

    def snakemake(self, folder: Path, *more: str, root: Path = ROOT) -> Outcome:
        return self.call(self.arguments(*more, root=root), folder, root)

    def write_study(self, folder: Path, **changes: object) -> None:
        text = yaml.safe_dump({**STUDY, **changes})
        (folder / "study.yaml").write_text(text, encoding="utf-8")


@pytest.fixture(scope="session")
def workshop() -> Workshop:
    return Workshop()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, workshop: Workshop) -> Path:
    """A folder in which the study has run to its end; tests must not change its results."""
    folder = tmp_path_factory.mktemp("finished")
    workshop.write_study(folder)
    outcome = workshop.snakemake(folder, "--show-failed-logs")
    assert outcome.code == 0, outcome.text
    return folder
