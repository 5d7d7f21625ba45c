"""Statements are complete, or refused with a line that names the one at fault."""

import pytest

from mixot import statements
from mixot.errors import InputError


def test_all_statements_of_sections_a_to_e_are_there_with_words_and_sources():
    numbers = {"A": "12", "B": "1", "C": "124567", "D": "12345678", "E": "12345"}
    ids = [letter + number for letter, each in numbers.items() for number in each]
    assert set(ids) <= set(statements.load())
    for name in ids:
        statement = statements.get(name)
        assert statement.sentence.endswith(".")
        assert statement.required is True


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
