"""What no second run repeats stays out of what two runs are compared by."""

import json

import pytest

from mixot import figures, statements
from mixot.pipeline import catalogue, ledger
from mixot.pipeline.manifest import manifest


@pytest.fixture
def timed():
    """A claim, a figure and an experiment on measured seconds or memory."""
    claim = next(name for name, one in statements.load().items() if one.timed)
    figure = next(name for name in figures.names() if figures.caption(name).timed)
    experiment = next(
        name for name in catalogue.experiment_names() if catalogue.experiment(name)["timed"]
    )
    return claim, figure, experiment


def test_the_manifest_leaves_out_what_was_timed(tmp_path, timed):
    claim, figure, experiment = timed
    kept = ["study.yaml", "claims/A1.json", "figures/gap.svg", "evidence/gap/iris/poisson.jsonl"]
    for place in (
        *kept,
        f"claims/{claim}.json",
        f"figures/{figure}.png",
        f"evidence/{experiment}/one/poisson.jsonl",
    ):
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")
    assert [line.split()[1] for line in manifest(tmp_path)] == sorted(kept)


def test_the_table_of_claims_gives_no_number_of_a_timed_one(timed):
    claim = {
        "id": timed[0],
        "statement": "s",
        "statistic": 1.23,
        "tolerance": 2.0,
        "margin": 1.5,
        "verdict": True,
        "required": False,
        "timed": True,
    }
    assert (
        ledger.table([claim], ledger.COLUMNS).splitlines()[1] == f"{timed[0]},s,,2.0,,timed,false"
    )
    assert "1.23" in ledger.as_text([json.loads(json.dumps(claim))])


def test_timed_statements_rest_on_timed_experiments_alone():
    groups = {
        catalogue.experiment(name)["group"]
        for name in catalogue.experiment_names()
        if catalogue.experiment(name)["timed"]
    }
    assert {one.group for one in statements.load().values() if one.timed} == groups
