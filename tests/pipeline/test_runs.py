"""What a run directory promises: its contents, its bytes, and that it is whole or not there."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from mixot import runs
from mixot.errors import InputError
from mixot.pipeline import compute, fit, identity, rundir
from mixot.pipeline.manifest import manifest
from mixot.types import Status

FIT = ("problem=faithful", "seed=1", "tracker=none")
PLACE = "fits/faithful/gaussian-full/em/eps~1/seed~1"


def fitted(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        fit.main([*FIT, *arguments])
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def path() -> Iterator[Path]:
    assert fitted() == 0
    return Path("results") / PLACE


def test_a_run_holds_the_contract(swept: Path) -> None:
    found = runs.find(swept)
    assert len(found) == 12
    for place in found:
        assert {file.name for file in place.iterdir()} == {*runs.DETERMINISTIC, runs.PROVENANCE}
        run = runs.read(place)
        steps = run.result["n_iter"]
        assert run.trace["objective"].shape == run.trace["marginal_error"].shape == (steps + 1,)
        for name in ("plan_kl", "weights_kl", "components_kl"):
            assert run.trace[name].shape == (steps,)
        assert run.trace["snapshot_iterations"][[0, -1]].tolist() == [0, steps]
        final = run.trace["snapshot_weights"][-1]
        np.testing.assert_array_equal(final, run.solution["weights"])
        assert run.solution["f"].shape == (run.result["n_samples"],)
        assert run.solution["g"].shape == (run.result["n_components"],)
        assert Status(run.result["status"]) is not Status.ERROR
        assert run.result["message"]
        assert run.result["advice"]


def test_the_configuration_says_what_determines_the_numbers_and_nothing_else(path: Path) -> None:
    config = runs.read(path).config
    assert set(config) == {
        "problem",
        "family",
        "solver",
        "init",
        "stopping",
        "seed",
        "data_digest",
    }
    assert "paths" not in json.dumps(config)
    assert yaml.safe_load((path / runs.CONFIG).read_text()) == config


def test_the_same_run_has_the_same_bytes_and_the_same_key(path: Path) -> None:
    assert fitted("paths.results=again") == 0
    again = Path("again") / PLACE
    for name in runs.DETERMINISTIC:
        assert (path / name).read_bytes() == (again / name).read_bytes()


def test_two_spellings_of_a_run_are_one_run() -> None:
    assert fitted("solver=ot_balanced", "solver.weights=free", "solver.epsilon=1.0") == 0
    assert fitted("solver=ot_balanced_free", "solver.epsilon=1e0", "paths.results=again") == 0
    assert list(manifest(Path("results").absolute())) == list(manifest(Path("again").absolute()))


def test_a_finished_run_is_kept(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (path / runs.PROVENANCE).read_bytes()
    assert fitted() == 0
    assert (path / runs.PROVENANCE).read_bytes() == before
    assert capsys.readouterr().out.endswith(", kept\n")


@pytest.mark.parametrize(
    "departure",
    [
        "stopping.max_iter=3",
        "stopping=tight",
        "problem.n_components=3",
        "solver.weights=fixed",
        "solver.weights=[0.3,0.7]",
    ],
)
def test_every_departure_from_the_defaults_has_a_place_of_its_own(departure: str) -> None:
    assert fitted(departure) == 0
    (place,) = runs.find("results")
    assert place.name.startswith("seed~1~")
    assert len(place.name) == len("seed~1~") + 8


def test_another_run_is_never_replaced_silently(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (path / runs.RESULT).read_bytes()
    identity._fit_digest.cache_clear()
    monkeypatch.setattr(identity, "fit_digest", lambda family, plan: "other code")
    try:
        assert fitted() == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert "overwrite=true" in said
        assert (path / runs.RESULT).read_bytes() == before
        assert fitted("overwrite=true") == 0
        assert (path / runs.RESULT).read_bytes() != before
    finally:
        identity._fit_digest.cache_clear()
    assert [place.name for place in path.parent.iterdir()] == ["seed~1"]


def test_a_bug_is_a_failure_that_keeps_its_traceback_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise ZeroDivisionError("a bug")

    path = Path("results") / PLACE
    with monkeypatch.context() as broken:
        broken.setattr(compute, "fit", fail)
        assert fitted() == 1
    assert runs.read(path).result["status"] == "error"
    assert "ZeroDivisionError: a bug" in (path / rundir.TRACEBACK).read_text()
    assert fitted() == 0
    assert runs.read(path).result["status"] == "converged"
    assert not (path / rundir.TRACEBACK).exists()


def test_a_bug_in_one_fit_leaves_the_others_of_a_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    original: Callable[..., Any] = compute.fit

    def fail_once(*arguments: Any, **options: Any) -> Any:
        if options["plan"] == "dual":
            raise ZeroDivisionError("a bug")
        return original(*arguments, **options)

    monkeypatch.setattr(compute, "fit", fail_once)
    assert fitted("-m", "solver=em,ot_semirelaxed,hard") == 1
    found = {place.parts[-3]: runs.read_result(place)["status"] for place in runs.find("results")}
    assert found == {"em": "converged", "ot_semirelaxed": "error", "hard": "converged"}


@pytest.mark.parametrize("moment", ["savez", "rename"])
def test_a_write_that_is_cut_short_leaves_no_run(
    moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PulledPlugError(BaseException):
        pass

    def pull(*arguments: Any, **options: Any) -> None:
        raise PulledPlugError

    if moment == "savez":
        monkeypatch.setattr(rundir.np, "savez", pull)
    else:
        monkeypatch.setattr(rundir, "_move", pull)
    # As after kill -9, nothing is cleaned up.
    monkeypatch.setattr(rundir.shutil, "rmtree", lambda *arguments, **options: None)
    # The data are written by the same function, and stand for a run that got as far as its fit.
    monkeypatch.setattr(fit.data_files, "store", lambda data: None)
    with pytest.raises(PulledPlugError):
        fit.main([*FIT])
    assert runs.find("results") == []
    with pytest.raises(InputError, match="no finished run"):
        runs.read(Path("results") / PLACE)


def test_runs_are_found_by_any_part_of_their_address(swept: Path) -> None:
    assert len(runs.find(swept, problem="faithful")) == 6
    assert len(runs.find(swept, solver="em", seed=1)) == 2
    assert len(runs.find(swept, family="poisson", epsilon="0")) == 2
    assert runs.find(swept, problem="iris") == []
    assert runs.find(swept) == sorted(runs.find(swept))


def test_seeds_as_a_sweep_and_as_a_list_give_the_same_tree(swept: Path) -> None:
    assert (
        fitted(
            "-m",
            "problem=times_deaths,faithful",
            "solver=em,ot_balanced,hard",
            "seed=range(0,2)",
        )
        == 0
    )
    assert list(manifest(Path("results").absolute())) == list(manifest(swept))


def test_a_named_sweep_needs_no_flag() -> None:
    assert fitted("sweep=epsilon_seed", "hydra.sweeper.params.seed='0,1'") == 0
    found = {place.parts[-2] for place in runs.find("results", seed=1)}
    assert found == {f"eps~{epsilon}" for epsilon in ("0.1", "0.3", "0.5", "1", "2", "3", "10")}


def test_a_stored_configuration_is_the_run(path: Path) -> None:
    arguments = [f"--config-dir={path.absolute()}", "--config-name=config"]
    with pytest.raises(SystemExit) as stopped:
        fit.main([*arguments, "paths.results=again"])
    assert stopped.value.code == 0
    again = Path("again") / PLACE
    assert (path / runs.RESULT).read_bytes() == (again / runs.RESULT).read_bytes()
    assert {entry.name for entry in Path().iterdir()} == {"results", "again"}


def test_data_whose_generator_changed_are_made_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Path("results/data/faithful/seed~1.npz")
    content = data.read_bytes()
    data.write_bytes(b"made by older code")
    data.with_suffix(".key").write_text("older\n")
    assert fitted("solver=hard") == 0
    assert data.read_bytes() == content
