"""Finished runs to project, and a plain view of what a store holds."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from mixot.pipeline.tracking import store

Dump = dict[str, dict[str, Any]]


def _run_command(verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"mixot.pipeline.{verb}", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def fits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fitted")
    done = _run_command(
        "fit",
        "-m",
        "problem=times_deaths,faithful",
        "solver=em,hard",
        "seed=[0,1]",
        "tracker=none",
        f"paths.results={folder}",
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    store.init(folder)
    return store.database(folder)


@pytest.fixture
def bare(fits: Path, tmp_path: Path) -> Path:
    """Runs without a store, to do with as a test likes."""
    return Path(shutil.copytree(fits, tmp_path / "results"))


@pytest.fixture
def results(bare: Path, empty_store: Path) -> Path:
    """Runs beside a store that is ready; the migrations behind a new one take seconds."""
    store.database(bare).parent.mkdir()
    shutil.copy(empty_store, store.database(bare))
    store.mark_place(bare)
    return bare


@pytest.fixture
def with_claims() -> Callable[[Path], None]:
    """Add two claims, one of them false, and a figure."""

    def add(results: Path) -> None:
        for name, verdict in (("A1", True), ("D1", False)):
            claim = {
                "id": name,
                "statement": "S",
                "hypotheses": "H",
                "source": "own",
                "required": True,
                "statistic": 1e-15,
                "tolerance": 1e-13,
                "margin": None,
                "verdict": verdict,
                "negative_control": None,
                "evidence": [],
            }
            path = results / "claims" / f"{name}.json"
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(claim), encoding="utf-8")
        (results / "figures").mkdir()
        (results / "figures" / "gap.svg").write_text("<svg/>", encoding="utf-8")

    return add


@pytest.fixture
def client_of() -> Callable[[Path], MlflowClient]:
    return lambda results: store.connect(store.database(results))


@pytest.fixture
def dump() -> Callable[[Path], Dump]:
    """Return what a store says of its runs, but for ids and addresses, by experiment and run."""
    return _dump


def _dump(results: Path) -> Dump:
    client = store.connect(store.database(results))
    found: Dump = {}
    for experiment in client.search_experiments():
        live = store.all_runs(client, experiment.experiment_id)
        names = {run.info.run_id: run.info.run_name for run in live}
        for run in live:
            tags = dict(run.data.tags)
            parent = names.get(tags.pop("mlflow.parentRunId", ""))
            key = f"{experiment.name}: {parent}: {run.info.run_name}"
            assert key not in found
            found[key] = {
                "parent": parent,
                "status": run.info.status,
                "times": (run.info.start_time, run.info.end_time),
                "params": run.data.params,
                "tags": tags,
                "metrics": {
                    name: [
                        (point.step, point.value)
                        for point in client.get_metric_history(run.info.run_id, name)
                    ]
                    for name in run.data.metrics
                },
                "datasets": [
                    (used.dataset.name, used.dataset.digest) for used in run.inputs.dataset_inputs
                ],
                "artifacts": {
                    file.path: file.file_size for file in client.list_artifacts(run.info.run_id)
                },
            }
    return found
