"""What holds for every experiment: its file, its settings, its results on disk."""

from dataclasses import is_dataclass
from importlib import import_module
from pkgutil import iter_modules

import numpy as np
import pytest

from mixot import claims, experiments
from mixot.errors import InputError
from mixot.evidence.records import record
from mixot.experiments.outcome import Outcome, at, read_series, write
from mixot.pipeline import catalogue
from mixot.pipeline.digest import ROOT
from mixot.pipeline.experiment import configured

NAMES = catalogue.experiment_names()


def a_record(claim="F4"):
    return record(claim, "value", 0.0, state="s", left="library", right="reference")


def test_every_experiment_has_a_module_and_every_module_a_file():
    modules = {
        info.name
        for info in iter_modules(experiments.__path__)
        if hasattr(import_module(f"{experiments.__name__}.{info.name}"), "run")
    }
    assert modules == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_its_file_opens_with_the_question_and_its_settings_are_read(name):
    path = catalogue.CONF / "experiment" / f"{name}.yaml"
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# ")
    assert catalogue.read_yaml(path)["question"].endswith("?")
    for effort in catalogue.EFFORTS:
        assert is_dataclass(configured(name, effort, {}))


@pytest.mark.parametrize("name", NAMES)
def test_its_families_are_imported_so_that_its_digest_knows_them(name):
    text = (ROOT / "experiments" / f"{name}.py").read_text(encoding="utf-8")
    assert "families.get(" not in text
    assert 'family="' not in text


def test_a_setting_that_there_is_not_is_refused_with_those_there_are():
    with pytest.raises(InputError, match=r"options: .*'wrong'.*options of noise_level: dev"):
        configured("noise_level", "full", {"wrong": 1})
    with pytest.raises(InputError, match=r"options: .*'many'.*Integer"):
        configured("noise_level", "full", {"seeds": "many"})


def test_an_outcome_replaces_the_one_before_and_is_the_same_to_the_byte(tmp_path):
    first = Outcome((*at("old", "poisson", [a_record()]),), {"x": np.arange(3.0)})
    write(first, tmp_path, "one")
    second = Outcome((*at("new", "poisson", [a_record()], seed=3),), {"x": np.arange(4.0)})
    path = write(second, tmp_path, "one")
    before = path.read_bytes()
    write(second, tmp_path, "one")
    assert path.read_bytes() == before
    assert [p.name for p in sorted(path.parent.iterdir())] == ["new", "series.npz"]
    assert (read_series(tmp_path, "one")["x"] == np.arange(4.0)).all()
    assert read_series(tmp_path, "another") == {}
    assert claims.evaluate("F4", tmp_path, 1)["n"] == {"problems": 1, "records": 1, "seeds": 1}


def test_a_record_without_a_name_for_its_file_is_refused():
    with pytest.raises(ValueError, match="cannot name a file"):
        at("two words", "poisson", [a_record()])
