"""Statements are complete, or refused with a line that names the one at fault."""

import pytest

from mixot import claims, figures, statements
from mixot.errors import InputError


def test_all_statements_of_sections_a_to_e_are_there_with_words_and_sources():
    numbers = {"A": "12", "B": "1", "C": "124567", "D": "12345678", "E": "12345"}
    ids = [letter + number for letter, each in numbers.items() for number in each]
    assert set(ids) <= set(statements.load())
    for name in ids:
        statement = statements.get(name)
        assert statement.sentence.endswith(".")
        assert statement.required is True


def test_every_section_has_its_statements_and_a_build_hangs_on_those_that_carry_others():
    required = [
        "F3",
        "F4",
        "F5",
        "G1",
        "G2",
        "H2",
        "I1",
        "I1b",
        "I1c",
        "I2",
        "I3",
        "I4",
        "J1",
        "J3",
        "M",
        "N1",
        "N2",
        "N3",
        "N4",
        "O1",
        "O2",
    ]
    reported = [
        "F1",
        "F2",
        "F6",
        "F7",
        "G4",
        "G5",
        "H1",
        "I5",
        "K",
        "L",
        "O3",
        "O6",
        "Q",
        "T1",
        "T2",
        "U1",
        "U2",
        "U3",
        "U4",
        "W1",
        "W2",
    ]
    assert {name: statements.get(name).required for name in required + reported} == {
        **dict.fromkeys(required, True),
        **dict.fromkeys(reported, False),
    }


def test_every_claim_has_a_figure_and_every_required_one_a_control():
    drawn = {one for name in figures.names() for one in figures.caption(name).claims}
    assert set(claims.names()) <= drawn
    without = {name for name, rule in claims.rules().items() if not rule.controls}
    # E3 says that two things differ; E4, where they must not, is its control.
    assert {name for name in without if statements.get(name).required} == {"E3"}


def test_an_unknown_statement_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match=r"unknown statement 'Z9'; known: A1, A2"):
        statements.get("Z9")


@pytest.mark.parametrize(
    "text",
    [
        "A1: {sentence: s., hypotheses: h, source: o, required: true}",
        "A1: {sentence: s., hypotheses: h, source: o, required: true, group: g, extra: 1}",
        "A1: {sentence: s., hypotheses: h, source: o, required: maybe, group: g}",
        "A1: {sentence: s., hypotheses: '', source: o, required: true, group: g}",
        "A1: {sentence: s., hypotheses: h, source: o, required: true, group: g, timed: often}",
        "A1: words",
    ],
)
def test_an_incomplete_statement_is_refused_by_name(text):
    with pytest.raises(InputError, match="statement A1"):
        statements.parse(text)
