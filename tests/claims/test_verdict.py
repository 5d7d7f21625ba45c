"""The verdict logic on synthetic records: what makes a claim false, and what it then says."""

import json
import math

import pytest

from mixot import claims, statements
from mixot.claims.verdict import Control, Part, Rule, judge
from mixot.errors import InputError
from mixot.evidence.records import difference, excess, located, record, write

STATEMENT = statements.get("C1")
PART = Part("gap", "the gap, two ways", 1e-12)
RULE = Rule((PART,), (Control("marginals", "gap", "KL(pi | pihat) taken for the gap"),))
PROBLEMS = ("a", "b", "c", "d", "e")


def make(statistic=1e-14, control=1.0, problems=PROBLEMS, seeds=(0, 1), **changes):
    records = []
    for problem in problems:
        for seed in seeds:
            one = record(
                "C1",
                changes.get("quantity", "gap"),
                statistic,
                state=changes.get("state", "start"),
                left="library",
                right="reference",
                control={"marginals": control},
            )
            records += located([one], problem, "gaussian-full", seed)
    return records


def test_a_claim_within_its_bound_on_enough_problems_is_true():
    claim = judge(STATEMENT, RULE, make())
    assert claim.verdict is True
    assert claim.n == {"problems": 5, "seeds": 2, "records": 10}
    assert claim.as_dict()["margin"] == pytest.approx(100)


def test_one_record_above_the_bound_makes_the_claim_false_and_is_named():
    records = make()
    records[7] = {**records[7], "statistic": 2e-12}
    claim = judge(STATEMENT, RULE, records)
    assert claim.verdict is False
    assert "(d, gaussian-full, seed 1, start)" in claim.reasons[0]
    assert claim.headline.margin == pytest.approx(0.5)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_statistic_that_is_not_finite_makes_the_claim_false(bad):
    records = make()
    records[3] = located(
        [record("C1", "gap", bad, state="start", left="l", right="r", control={"marginals": 1.0})],
        "b",
        "gaussian-full",
        1,
    )[0]
    claim = judge(STATEMENT, RULE, records)
    assert claim.verdict is False
    json.dumps(claim.as_dict(), allow_nan=False)


def test_no_evidence_is_false():
    claim = judge(STATEMENT, RULE, [])
    assert claim.verdict is False
    assert claim.as_dict()["statistic"] is None


def test_evidence_for_another_claim_or_quantity_does_not_count():
    assert judge(STATEMENT, RULE, [{**r, "claim": "C2"} for r in make()]).verdict is False
    assert judge(STATEMENT, RULE, make(quantity="other")).verdict is False


def test_too_few_problems_are_false_unless_the_study_lowers_the_minimum():
    records = make(problems=PROBLEMS[:4])
    assert judge(STATEMENT, RULE, records).verdict is False
    assert judge(STATEMENT, RULE, records, minimum=4).verdict is True


def test_too_few_problems_in_a_required_state_make_the_claim_false():
    rule = Rule((Part("gap", "the gap", 1e-12, states=frozenset({"start", "iteration 1"})),))
    both = make() + make(state="iteration 1")
    assert judge(STATEMENT, rule, both).verdict is True
    claim = judge(STATEMENT, rule, make() + make(state="iteration 1", problems=PROBLEMS[:4]))
    assert claim.verdict is False
    assert "4 problems at iteration 1, not 5" in claim.reasons[0]


def test_a_control_that_fails_to_fail_makes_the_claim_false():
    claim = judge(STATEMENT, RULE, make(control=0.9e-10))
    assert claim.verdict is False
    assert claim.as_dict()["negative_control"]["verdict"] is True


def test_a_control_that_misses_a_hundredfold_somewhere_lists_where_it_does_not():
    records = make(problems=PROBLEMS[:4]) + make(problems=("e",), control=1e-11)
    claim = judge(STATEMENT, RULE, records).as_dict()
    assert claim["verdict"] is True
    assert claim["negative_control"]["verdict"] is False
    assert claim["negative_control"]["not_discriminating_on"] == ["e"]
    assert claim["negative_control"]["statistic"] == 1.0


def test_a_control_without_a_number_counts_as_not_discriminating():
    records = make(control=math.nan, problems=("a",)) + make(problems=PROBLEMS[1:])
    control = judge(STATEMENT, RULE, records).as_dict()["negative_control"]
    assert control["not_discriminating_on"] == ["a"]


def test_a_lower_bound_must_be_reached_by_every_problem_and_seed_in_some_state():
    rule = Rule((Part("gap", "they differ", 1e-6, at_least=True),))
    records = make(statistic=0.5) + make(statistic=0.0, state="iteration 1")
    claim = judge(STATEMENT, rule, records)
    assert claim.verdict is True
    assert claim.headline.margin == pytest.approx(0.5e6)
    assert judge(STATEMENT, rule, make(statistic=1e-9)).verdict is False


def test_a_claim_without_a_gated_part_is_exploratory():
    rule = Rule((Part("gap", "for the record"),))
    assert judge(STATEMENT, rule, make()).verdict == "exploratory"
    assert judge(STATEMENT, rule, []).verdict is not True


def test_the_headline_is_the_part_with_the_smallest_margin():
    rule = Rule((PART, Part("other", "looser in absolute terms", 1e-8)))
    claim = judge(STATEMENT, rule, make() + make(statistic=1e-9, quantity="other"))
    assert claim.as_dict()["tolerance"] == 1e-8


def test_a_claim_is_evaluated_from_the_files_that_hold_its_evidence(tmp_path):
    for problem in PROBLEMS:
        mine = [r for r in make() if r["problem"] == problem]
        write(tmp_path / "evidence" / "gap" / problem / "gaussian-full.jsonl", mine)
    write(tmp_path / "evidence" / "other" / "a" / "poisson.jsonl", [{**make()[0], "claim": "A1"}])
    claim = claims.evaluate("C1", tmp_path, minimum=4)
    assert claim["id"] == "C1"
    assert claim["evidence"][:2] == [
        "evidence/gap/a/gaussian-full.jsonl",
        "evidence/gap/b/gaussian-full.jsonl",
    ]
    assert not any("other" in line for line in claim["evidence"])
    assert claim["minimum_problems"] == 4
    # The other temperatures are missing, so the true part alone does not make the claim true.
    assert claim["verdict"] is False
    assert claim == claims.evaluate("C1", tmp_path, minimum=4)


def test_an_unknown_claim_is_refused():
    with pytest.raises(InputError, match="unknown claim 'Z9'; known: A1"):
        claims.judge_by_id("Z9", [])


def test_differences_are_relative_to_large_values_and_keep_nan():
    assert difference(101.0, 100.0) == pytest.approx(0.01)
    assert difference(0.51, 0.5) == pytest.approx(0.01)
    assert math.isnan(difference(math.nan, 1.0))
    assert excess(1.0, 2.0) == 0.0
    assert math.isnan(excess(1.0, math.nan))


def test_every_claim_has_a_statement_and_every_statement_a_claim():
    assert set(claims.names()) == set(statements.load())


def test_every_bound_is_positive_and_every_control_belongs_to_a_gated_part():
    for rule in claims.rules().values():
        bounds = {part.quantity: part.tolerance for part in rule.parts}
        assert len(bounds) == len(rule.parts)
        assert all(bound is None or bound > 0 for bound in bounds.values())
        assert all(bounds[control.quantity] is not None for control in rule.controls)
