"""Running a small experiment in process, from its file to the verdicts on its claims."""

from importlib import import_module

import pytest

from mixot import claims, experiments
from mixot.pipeline.experiment import configured


@pytest.fixture
def outcome():
    """Call outcome(name, **changes): the outcome of an experiment at small settings."""

    def run(name, **changes):
        module = import_module(f"{experiments.__name__}.{name}")
        return module.run(configured(name, "smoke", changes))

    return run


@pytest.fixture
def false_claims(outcome):
    """Call false_claims(name, **changes): the ids of its claims whose verdict is False."""

    def judge(name, **changes):
        records = outcome(name, **changes).records
        judged = {one["claim"] for one in records}
        return {
            claim
            for claim in judged
            if claims.judge_by_id(claim, records, minimum=1).verdict is False
        }

    return judge
