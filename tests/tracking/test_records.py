import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixot.pipeline.tracking import records


@given(st.integers(0, 5000), st.integers(2, 500))
def test_thinning_keeps_both_ends_and_never_more_than_the_limit(length: int, limit: int) -> None:
    kept = records.thin(length, limit)
    assert len(kept) == min(length, len(kept)) <= limit
    assert list(kept) == sorted(set(kept))
    if length:
        assert kept[0] == 0
        assert kept[-1] == length - 1


@pytest.mark.parametrize("length", [51, 200, 2001])
def test_thinning_uses_most_of_what_it_may_keep(length: int) -> None:
    assert len(records.thin(length, 50)) >= 40


def test_thinning_is_dense_where_a_descent_is_fast() -> None:
    gaps = np.diff(records.thin(2001, 50))
    assert gaps[0] == 1
    assert np.all(np.diff(gaps) >= -1)


def test_numbers_that_no_chart_can_show_are_left_out() -> None:
    given_values = {"b": math.inf, "a": 1, "c": None, "d": math.nan}
    assert records.finite(given_values) == {"a": 1.0}


def test_a_configuration_becomes_params_with_dotted_names() -> None:
    flat = records.flatten({"solver": {"name": "em", "weights": [0.5, 0.5]}, "seed": 3})
    assert flat == {"solver.name": "em", "solver.weights": [0.5, 0.5], "seed": 3}


def test_the_showcase_is_the_first_seed_at_temperature_one_or_zero(fits: Path) -> None:
    listed = records.entries(fits, "faithful")
    shown = [entry.location for entry in listed if entry.showcase]
    assert shown == [
        "fits/faithful/gaussian-full/em/eps~1/seed~0",
        "fits/faithful/gaussian-full/hard/eps~0/seed~0",
    ]
    assert len(listed) == 4
