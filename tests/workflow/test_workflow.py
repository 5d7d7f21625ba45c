"""The workflow as a user meets it: it runs, it is current, it survives being killed, it says no."""

import contextlib
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from mixot import runs

# Tests go to processes by file, so that one process runs all of these: they share a finished study,
# in which snakemake takes a lock.
COPIED = ("Snakefile", "conf", "workflow", "src")


def planned(text: str) -> dict[str, int]:
    """Count the jobs of a dry run by rule."""
    table = text.partition("Job stats:")[2].partition("total")[0]
    return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+) *$", table, re.M)}


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """The finished folder again, to change."""
    shutil.copytree(finished, tmp_path / "copy", symlinks=True)
    return tmp_path / "copy"


def test_a_study_makes_everything_that_it_promises(finished: Path) -> None:
    results = finished / "results"
    made = {path.relative_to(results).as_posix() for path in results.rglob("*") if path.is_file()}
    expected = {
        "study.yaml",
        "data/faithful/seed~0.npz",
        "evidence/equivalence/faithful/gaussian-full.jsonl",
        "claims/A2.json",
        "tables/claims.csv",
        "figures/trajectories.svg",
        "figures/trajectories.png",
        "mlflow/mlflow.db",
        "index.html",
        "MANIFEST.sha256",
    }
    for solver, epsilon in (("em", 1), ("hard", 0)):
        place = f"fits/faithful/gaussian-full/{solver}/eps~{epsilon}/seed~0"
        expected |= {f"{place}/{name}" for name in (*runs.DETERMINISTIC, runs.PROVENANCE)}
    assert expected <= made
    assert {path.name for path in finished.iterdir()} == {".snakemake", "results", "study.yaml"}
    check = subprocess.run(["sha256sum", "--check", "--quiet", "MANIFEST.sha256"], cwd=results)
    assert check.returncode == 0


def test_a_second_run_has_nothing_to_do(finished: Path, workshop: Any) -> None:
    began = time.monotonic()
    outcome = workshop.snakemake(finished)
    assert outcome.code == 0
    assert "Nothing to be done" in outcome.text
    assert time.monotonic() - began < 15


def test_mixot_fit_and_snakemake_write_the_same_tree(
    finished: Path, workshop: Any, tmp_path: Path
) -> None:
    sweep = ("-m", "problem=faithful", "solver=em,hard", "seed=range(0,1)", "tracker=none")
    assert workshop.mixot("fit", *sweep, folder=tmp_path).code == 0
    for folder in ("fits", "data"):
        mine, theirs = (
            {
                path.relative_to(base / "results"): path.read_bytes()
                for path in (base / "results" / folder).rglob("*")
                if path.is_file() and path.name != runs.PROVENANCE
            }
            for base in (tmp_path, finished)
        )
        assert mine == theirs


def test_the_sources_of_the_workflow_are_clean(workshop: Any) -> None:
    lint = workshop.call(
        [sys.executable, "-m", "snakemake", "--lint", "--config", "study=smoke"], workshop.root
    )
    assert lint.code == 0, lint.text
    style = workshop.call(["snakefmt", "--check", "Snakefile", "workflow"], workshop.root)
    assert style.code == 0, style.text


def test_the_report_is_made_offline(finished: Path, workshop: Any, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    outcome = workshop.snakemake(finished, "--report", str(report))
    assert outcome.code == 0, outcome.text
    assert "trajectories" in report.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("module", "rerun"),
    [
        ("families/gaussian.py", {"fit", "evidence"}),
        ("figures/trajectories.py", {"figure"}),
        ("families/poisson.py", set()),
    ],
)
def test_an_edit_reruns_what_depends_on_it(
    module: str, rerun: set[str], finished: Path, workshop: Any, tmp_path: Path
) -> None:
    for name in COPIED:
        source = workshop.root / name
        ignored = shutil.ignore_patterns("__pycache__")
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=ignored)
        else:
            shutil.copy(source, tmp_path / name)
    path = tmp_path / "src" / "mixot" / module
    path.write_text(path.read_text(encoding="utf-8") + "\n_EDITED = 1\n", encoding="utf-8")
    outcome = workshop.snakemake(finished, "--dry-run", root=tmp_path)
    assert outcome.code == 0, outcome.text
    jobs = set(planned(outcome.text))
    assert jobs & {"simulate", "fit"} == rerun & {"fit"}
    assert rerun <= jobs
    assert bool(jobs) == bool(rerun)


def test_another_seed_computes_only_what_is_new(copy: Path, workshop: Any) -> None:
    workshop.write_study(copy, seeds=2)
    jobs = planned(workshop.snakemake(copy, "--dry-run").text)
    assert jobs["fit"] == jobs["simulate"] == 1


def test_runs_that_were_deleted_are_computed_again(copy: Path, workshop: Any) -> None:
    (run,) = runs.find(copy / "results", solver="hard")
    before = {name: (run / name).read_bytes() for name in runs.DETERMINISTIC}
    kept = runs.find(copy / "results", solver="em")[0] / runs.PROVENANCE
    untouched = kept.read_bytes()
    shutil.rmtree(run)
    outcome = workshop.snakemake(copy, "--until", "fit")
    assert outcome.code == 0, outcome.text
    assert {name: (run / name).read_bytes() for name in runs.DETERMINISTIC} == before
    assert kept.read_bytes() == untouched


def test_a_false_claim_stops_the_build_after_everything_is_written(
    copy: Path, workshop: Any
) -> None:
    evidence = copy / "results/evidence/equivalence/faithful/gaussian-full.jsonl"
    lines = [json.loads(line) for line in evidence.read_text(encoding="utf-8").splitlines()]
    changed = [{**line, "statistic": 1.0} for line in lines]
    evidence.write_text("".join(json.dumps(line) + "\n" for line in changed), encoding="utf-8")
    stamp = copy / "results/stamps/evidence/faithful.done"
    stamp.write_text("made by a broken solver\n", encoding="utf-8")
    outcome = workshop.snakemake(copy)
    assert outcome.code == 1
    assert "Error in rule verdict" in outcome.text
    assert "results/logs/verdict.log" in outcome.text
    claim = json.loads((copy / "results/claims/A2.json").read_text(encoding="utf-8"))
    assert claim["verdict"] is False
    assert "false" in (copy / "results/tables/claims.csv").read_text(encoding="utf-8")
    assert "A2" in (copy / "results/logs/verdict.log").read_text(encoding="utf-8")
    for name in ("index.html", "MANIFEST.sha256", "figures/trajectories.svg"):
        assert (copy / "results" / name).is_file()


Running = tuple[Path, "subprocess.Popen[bytes]", psutil.Process]


@pytest.fixture
def running(workshop: Any, tmp_path: Path) -> Iterator[Running]:
    """A folder with a snakemake in it whose fit has just started, and that fit."""
    folder = tmp_path / "killed"
    folder.mkdir()
    workshop.write_study(folder)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            workshop.arguments("--until", "fit"),
            cwd=folder,
            env=workshop.environment(),
            stdout=log,
            stderr=log,
        )
    snakemake = psutil.Process(process.pid)
    fits: list[psutil.Process] = []
    while not fits and process.poll() is None:
        fits = [child for child in snakemake.children(recursive=True) if _is_python_fit(child)]
        time.sleep(0.02)
    if not fits:
        pytest.fail((folder / "log").read_text(encoding="utf-8"))
    yield folder, process, fits[0]
    for leftover in (process, *fits):
        with contextlib.suppress(psutil.NoSuchProcess):
            leftover.kill()
    process.wait()


def test_a_killed_job_fails_its_rule_and_leaves_no_run(running: Running, workshop: Any) -> None:
    folder, process, fit = running
    fit.send_signal(signal.SIGKILL)
    assert process.wait(timeout=60) == 1
    log = (folder / "log").read_text(encoding="utf-8")
    assert "Error in rule fit" in log
    assert "results/logs/fit/solvers/faithful/gaussian-full/seeds~0.log" in log
    assert not list((folder / "results/stamps").glob("fits/**/*.done"))
    assert runs.find(folder / "results") == []
    assert workshop.snakemake(folder, "--until", "fit").code == 0
    assert len(runs.find(folder / "results")) == 2


def test_a_killed_snakemake_is_recovered_from_and_a_living_one_is_left_alone(
    running: Running, workshop: Any
) -> None:
    folder, process, fit = running
    refused = workshop.mixot("study", "recover", folder=folder)
    assert refused.code == 2
    assert refused.text.count("\n") == 1
    assert "a study is running here" in refused.text
    # Stopped, so that the orphan is still there when it is looked for.
    fit.suspend()
    process.kill()
    process.wait()
    recovered = workshop.mixot("study", "recover", folder=folder)
    assert recovered.code == 0, recovered.text
    assert re.match(r"ended \d+ orphaned processes, removed the lock", recovered.text)
    assert not fit.is_running() or fit.status() == psutil.STATUS_ZOMBIE
    outcome = workshop.snakemake(folder, "--until", "fit", "--rerun-incomplete")
    assert outcome.code == 0, outcome.text
    assert len(runs.find(folder / "results")) == 2
    assert workshop.mixot("study", "recover", folder=folder).text == "nothing to recover\n"


def test_a_wrong_study_stops_before_anything_runs(workshop: Any, tmp_path: Path) -> None:
    workshop.write_study(tmp_path, seeds=0)
    outcome = workshop.snakemake(tmp_path)
    assert outcome.code == 1
    assert "seeds=0" in outcome.text
    assert not (tmp_path / "results").exists()


def _is_python_fit(process: psutil.Process) -> bool:
    try:
        words = process.cmdline()
    except psutil.Error:
        return False
    return words[:1] == [sys.executable] and "mixot.pipeline.fit" in words
