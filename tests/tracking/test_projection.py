import json
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from mixot.errors import InputError
from mixot.pipeline.tracking import store, track

Dump = dict[str, dict[str, Any]]
Dumper = Callable[[Path], Dump]
Connect = Callable[[Path], MlflowClient]

FITS = 8
PARENTS = 4
ONE = "mixot/times_deaths: poisson / em: em eps=1 seed=1"


def run_ids(client: MlflowClient) -> dict[str, str]:
    """Return the id of every run that shows a run directory."""
    return {
        run.data.tags["mixot.rundir"]: run.info.run_id
        for experiment in client.search_experiments()
        for run in store.all_runs(client, experiment.experiment_id)
        if "mixot.rundir" in run.data.tags
    }


def test_a_run_directory_is_told_in_full(results: Path, dump: Dumper) -> None:
    track(results)
    found = dump(results)
    assert len(found) == FITS + PARENTS
    run = found[ONE]
    path = results / "fits/times_deaths/poisson/em/eps~1/seed~1"
    result = json.loads((path / "result.json").read_text(encoding="utf-8"))
    assert run["status"] == "FINISHED"
    assert run["params"]["solver.epsilon"] == "1"
    assert run["params"]["data_digest"] == result["data_digest"]
    assert run["tags"]["mixot.run_key"] == result["run_key"]
    assert run["tags"]["mixot.status"] == result["status"]
    assert run["tags"]["mixot.code_digest"] == result["code_digest"]
    assert run["tags"]["mixot.source"] == "mixot-fit"
    assert run["metrics"]["log_likelihood"] == [
        (result["n_iter"], result["metrics"]["log_likelihood"])
    ]
    assert run["datasets"] == [("times_deaths/seed~1", result["data_digest"][:36])]
    assert set(run["artifacts"]) == {"config.yaml", "provenance.json", "result.json"}


def test_points_are_capped_and_only_the_showcase_has_all_traces(
    results: Path, dump: Dumper
) -> None:
    track(results)
    found = dump(results)
    showcase = found[ONE.replace("seed=1", "seed=0")]
    assert {"trace.npz", "solution.npz", "showcase.png"} <= set(showcase["artifacts"])
    assert {"by_iteration/plan_kl", "by_iteration/weights_kl"} <= set(showcase["metrics"])
    # The descent on these data takes more iterations than a chart should have.
    assert 400 < len(showcase["metrics"]["by_iteration/objective"]) <= 500
    assert 40 < len(found[ONE]["metrics"]["by_iteration/objective"]) <= 50
    others = [run for run in found.values() if run["tags"]["mixot.role"] != "showcase"]
    assert max(len(points) for run in others for points in run["metrics"].values()) <= 50


def test_a_second_projection_changes_nothing(results: Path, client_of: Connect) -> None:
    first = track(results)
    before = run_ids(client_of(results))
    second = track(results)
    assert (first.logged, first.kept, first.deleted) == (FITS, 0, 0)
    assert (second.logged, second.kept, second.deleted) == (0, FITS, 0)
    assert run_ids(client_of(results)) == before


def test_a_rebuilt_store_says_the_same_as_one_that_grew(
    results: Path, dump: Dumper, with_claims: Callable[[Path], None]
) -> None:
    away = results.parent / "away"
    late = results / "fits/times_deaths/poisson/em/eps~1/seed~0"
    late.rename(away)
    track(results, "times_deaths")
    away.rename(late)
    track(results, "times_deaths")
    with_claims(results)
    track(results)
    grown = dump(results)
    track(results, rebuild=True)
    assert dump(results) == grown
    assert len(grown) == FITS + PARENTS + 3


def test_a_run_that_changed_is_replaced_and_one_that_vanished_is_deleted(
    results: Path, dump: Dumper, client_of: Connect
) -> None:
    track(results)
    before = run_ids(client_of(results))
    gone = results / "fits/times_deaths/poisson/em/eps~1/seed~0"
    changed = results / "fits/times_deaths/poisson/em/eps~1/seed~1/result.json"
    shutil.rmtree(gone)
    result = json.loads(changed.read_text(encoding="utf-8"))
    changed.write_text(json.dumps({**result, "run_key": "0" * 16}), encoding="utf-8")
    done = track(results)
    assert (done.logged, done.deleted) == (1, 3)
    after = run_ids(client_of(results))
    assert before.items() - after.items() == {
        (location, before[location])
        for location in before
        if location.startswith("fits/times_deaths/poisson/em")
    }
    assert dump(results)[ONE]["tags"]["mixot.run_key"] == "0" * 16
    # Nothing of the deleted runs stays behind, neither hidden rows nor files.
    deleted = client_of(results).search_runs(
        [e.experiment_id for e in client_of(results).search_experiments()], run_view_type=2
    )
    assert list(deleted) == []
    kept = {path.name for path in (results / "mlflow/artifacts").glob("*/*")}
    assert kept == set(after.values())


def test_an_error_is_a_failed_run_with_its_traceback(results: Path, dump: Dumper) -> None:
    path = results / "fits/times_deaths/poisson/em/eps~1/seed~1"
    result = json.loads((path / "result.json").read_text(encoding="utf-8"))
    broken = {"status": "error", "metrics": {}, "n_iter": 0, "run_key": "e" * 16}
    for name in ("trace.npz", "solution.npz"):
        (path / name).unlink()
    (path / "traceback.txt").write_text("ZeroDivisionError", encoding="utf-8")
    (path / "result.json").write_text(json.dumps({**result, **broken}), encoding="utf-8")
    track(results, "times_deaths")
    run = dump(results)[ONE]
    assert run["status"] == "FAILED"
    assert "traceback.txt" in run["artifacts"]
    assert run["tags"]["mixot.advice"]
    assert track(results, "times_deaths").logged == 0


def test_two_processes_fill_a_fresh_store_together(bare: Path, dump: Dumper) -> None:
    command = [sys.executable, "-m", "mixot.pipeline.track", f"paths.results={bare}"]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert len(dump(bare)) == FITS + PARENTS
    assert sorted(out.split()[0] for out, _ in said) == ["0", str(FITS)]


def test_a_killed_projection_is_completed_by_the_next(
    results: Path, dump: Dumper, client_of: Connect
) -> None:
    track(results, "faithful")
    command = [sys.executable, "-m", "mixot.pipeline.track", f"paths.results={results}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = client_of(results)
    while client.get_experiment_by_name("mixot/times_deaths") is None:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    track(results)
    found = dump(results)
    assert len(found) == FITS + PARENTS
    assert Counter(run["status"] for run in found.values()) == {"FINISHED": FITS + PARENTS}
    assert list(client.search_runs(["0"], run_view_type=3)) == []


def test_a_moved_folder_is_projected_anew_with_artifacts_where_they_are(
    results: Path, client_of: Connect
) -> None:
    track(results)
    moved = results.rename(results.parent / "moved")
    track(moved, "faithful")
    locations = {e.artifact_location for e in client_of(moved).search_experiments()}
    assert all(location.startswith(moved.as_uri()) for location in locations)
    assert len(run_ids(client_of(moved))) == FITS


def test_a_claim_is_a_run_that_fails_if_the_claim_is_false(
    results: Path, dump: Dumper, with_claims: Callable[[Path], None]
) -> None:
    with_claims(results)
    track(results)
    found = dump(results)
    statuses = {
        name.removeprefix("mixot/ledger: None: "): run["status"]
        for name, run in found.items()
        if name.startswith("mixot/ledger")
    }
    assert statuses == {"ledger": "FAILED", "A1: S": "FINISHED", "D1: S": "FAILED"}
    ledger = found["mixot/ledger: None: ledger"]
    assert ledger["metrics"]["required_claims_false"] == [(0, 1.0)]
    assert ledger["artifacts"] == {"figures": None}
    assert found["mixot/ledger: None: A1: S"]["metrics"]["tolerance"] == [(0, 1e-13)]


def test_a_projection_that_fails_leaves_no_open_run(
    results: Path, client_of: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mixot.pipeline.tracking.projection._log_picture", fail)
    with pytest.raises(KeyboardInterrupt):
        track(results, "faithful")
    client = client_of(results)
    experiment = client.get_experiment_by_name("mixot/faithful").experiment_id
    assert store.all_runs(client, experiment) == []


def test_a_problem_without_runs_is_refused(results: Path) -> None:
    with pytest.raises(InputError, match="problem=wine: no finished runs"):
        track(results, "wine")
