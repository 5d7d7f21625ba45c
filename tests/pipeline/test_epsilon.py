from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixot.errors import InputError
from mixot.pipeline.epsilon import canonical, is_canonical


@given(st.decimals(min_value="1e-6", max_value="1e6", places=6))
def test_every_spelling_of_a_number_has_one_canonical_form(number: Decimal) -> None:
    spelling = canonical(str(number))
    assert is_canonical(spelling)
    assert Decimal(spelling) == number
    assert canonical(f"{number:E}") == canonical(f"{number}000"[: len(str(number)) + 3]) == spelling


@pytest.mark.parametrize("value", ["1e-2", "1.0", "01", ".5", "+1", "1.", "0.10", 1, 0.1, None])
def test_other_spellings_are_told_from_the_canonical_one(value: object) -> None:
    assert not is_canonical(value)


@pytest.mark.parametrize("value", ["abc", "-1", "nan", "inf", "", "0.12345678901234567890"])
def test_what_is_not_a_usable_number_is_refused_with_the_key(value: str) -> None:
    with pytest.raises(InputError, match=r"^solver.epsilon=.*allowed: a number > 0"):
        canonical(value, "solver.epsilon")
