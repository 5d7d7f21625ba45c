"""A sentence gets its ruling from the claims that it rests on, and from nothing else."""

import pytest

from mixot import claims
from mixot.claims import sentences
from mixot.errors import InputError

WELL_FORMED = "P1: {quote: q., ruling: 'true', instead: i., rests_on: [A1], reports: []}"


def test_every_sentence_rests_on_claims_that_there_are():
    for one in sentences.load().values():
        assert set(one.rests_on) | set(one.reports) <= set(claims.names())
        assert one.quote.endswith(".")
        assert one.instead.endswith(".")


def test_the_seven_sentences_are_there_and_not_all_of_them_are_granted():
    assert list(sentences.load()) == [f"P{number}" for number in range(1, 8)]
    assert {one.ruling for one in sentences.load().values()} >= {
        "false",
        "true under conditions",
        "not a statement of fact",
    }


@pytest.mark.parametrize("verdict", [False, "exploratory", None])
def test_a_claim_that_does_not_hold_leaves_the_question_open(verdict):
    everything = [{"id": name, "verdict": True} for name in claims.names()]
    assert sentences.OPEN not in {one["ruling"] for one in sentences.judged(everything)}
    changed = [one if one["id"] != "J3" else {"id": "J3", "verdict": verdict} for one in everything]
    found = {one["id"]: one for one in sentences.judged(changed)}
    assert found["P2"]["ruling"] == sentences.OPEN
    assert found["P2"]["open_for"] == ("J3",)
    assert found["P1"]["ruling"] == "false"


@pytest.mark.parametrize(
    ("before", "after"),
    [("ruling: 'true'", "ruling: maybe"), ("rests_on: [A1]", "rests_on: []"), ("reports", "shows")],
)
def test_an_incomplete_sentence_is_refused_by_name(before, after):
    assert sentences.parse(WELL_FORMED)["P1"].ruling == "true"
    with pytest.raises(InputError, match="sentence P1"):
        sentences.parse(WELL_FORMED.replace(before, after))
