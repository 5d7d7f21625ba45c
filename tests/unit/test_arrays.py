"""The input gate: what passes comes out canonical, what does not is refused in one line."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as st_arrays

from mixot.arrays import (
    as_points,
    as_sample,
    check_counts,
    check_enough_points,
    check_gaussian,
    weight_mask,
)
from mixot.errors import InputError

TABLE = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])

positive = st.floats(1e-3, 1e3)


class ForeignFrame:
    """A frame of a library that is not pandas: it has columns and turns into an array."""

    columns = ("a", "b")

    def __init__(self, values):
        self._values = np.asarray(values)

    def __array__(self, dtype=None, copy=None):
        return np.array(self._values, dtype=dtype, copy=True)


def refusal(function, *arguments, **options):
    """Return the line with which a call is refused."""
    with pytest.raises(InputError) as caught:
        function(*arguments, **options)
    line = str(caught.value)
    assert line
    assert "\n" not in line
    return line


@pytest.mark.parametrize(
    "points",
    [
        TABLE.astype(np.float32),
        TABLE.astype(np.int16),
        np.asfortranarray(TABLE),
        np.repeat(TABLE, 2, axis=0)[::2],
        TABLE.tolist(),
        TABLE.astype(object),
        TABLE.astype(">f8"),
        np.ma.masked_array(TABLE),
        pd.DataFrame(TABLE, columns=["a", "b"]),
        pd.DataFrame({"a": pd.array([1, 3, 5], dtype="Int64"), "b": [2.0, 4.0, 7.0]}),
        ForeignFrame(TABLE),
    ],
    ids=[
        "float32",
        "int16",
        "Fortran",
        "strided",
        "lists",
        "objects",
        "big-endian",
        "unmasked",
        "pandas",
        "nullable",
        "foreign",
    ],
)
def test_every_numeric_table_becomes_the_same_canonical_array(points):
    values = as_points(points)
    assert values.dtype == np.dtype(np.float64)
    assert values.flags.c_contiguous
    np.testing.assert_array_equal(values, TABLE)


def test_a_canonical_array_is_not_copied_even_if_it_is_read_only():
    points = TABLE.copy()
    points.setflags(write=False)
    assert as_points(points) is points


def test_a_vector_is_one_column():
    np.testing.assert_array_equal(as_points([1, 2, 3]), [[1.0], [2.0], [3.0]])


def test_the_input_is_left_as_it_was():
    points, weights = TABLE.copy(), np.array([2.0, 0.0, 1.0])
    as_sample(points, weights)
    np.testing.assert_array_equal(points, TABLE)
    np.testing.assert_array_equal(weights, [2.0, 0.0, 1.0])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_first_value_that_is_not_finite_is_named_by_row_and_column(value):
    points = TABLE.copy()
    points[1, 1] = points[2, 0] = value
    assert refusal(as_points, points).startswith(f"points: row 1, column 1 is {value}")
    frame = pd.DataFrame(points, columns=["length", "width"])
    assert "row 1, column 'width'" in refusal(as_points, frame)
    assert refusal(as_points, ForeignFrame(points), "my.csv").startswith(
        "my.csv: row 1, column 'b'"
    )


@pytest.mark.parametrize(
    ("points", "place"),
    [
        (pd.DataFrame({"a": [1, 2], "b": [1.0, None]}), "row 1, column 'b' is nan"),
        (pd.DataFrame({"b": pd.array([1, None], dtype="Int64")}), "row 1, column 'b' is nan"),
        (np.ma.masked_array([1.0, 2.0], [False, True]), "row 1, column 0 is nan"),
        ([[1.0, None]], "row 0, column 1 is nan"),
    ],
    ids=["None", "NA", "masked", "object"],
)
def test_a_missing_value_is_reported_as_nan_where_it_stands(points, place):
    assert place in refusal(as_points, points)


@pytest.mark.parametrize(
    "column",
    [
        ["x", "y"],
        ["1", "2"],
        [b"1", b"2"],
        [1, "2"],
        [[1, 2], [3, 4]],
        pd.to_datetime(["2020-01-01", "2020-01-02"]),
        pd.to_timedelta([1, 2], unit="s"),
    ],
    ids=["text", "digits", "bytes", "mixed", "nested", "dates", "durations"],
)
def test_a_column_that_does_not_hold_real_numbers_is_refused_by_name(column):
    frame = pd.DataFrame({"fine": [1.0, 2.0], "odd": column})
    line = refusal(as_points, frame)
    assert "column 'odd'" in line
    assert "must be a number" in line


@pytest.mark.parametrize(
    "points",
    [
        np.array([["1", "2"]]),
        np.array([[1j, 2j]]),
        np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
    ],
    ids=["text", "complex", "structured"],
)
def test_an_array_of_other_than_real_numbers_is_refused(points):
    assert "row 0, column 0 is" in refusal(as_points, points)


def test_the_word_among_numbers_is_named_and_not_the_numbers_it_made_text_of():
    frame = pd.DataFrame({"a": ["1", "2.5", "three", "4", "five"]})
    assert "row 2, column 'a' is 'three'" in refusal(as_points, frame)


def test_a_very_long_text_does_not_make_a_very_long_line():
    assert len(refusal(as_points, pd.DataFrame({"a": ["x" * 10_000]}))) < 200


@pytest.mark.parametrize(
    "points",
    [3.0, np.zeros((2, 2, 2)), np.zeros((0, 2)), np.zeros((2, 0)), [], [[1, 2], [3]]],
    ids=["number", "three axes", "no rows", "no columns", "empty", "ragged"],
)
def test_what_is_not_a_table_is_refused(points):
    assert "must" in refusal(as_points, points)


@given(
    st_arrays(np.float64, (5, 2), elements=st.floats(-1e6, 1e6)),
    st_arrays(np.float64, 5, elements=positive),
    st.sampled_from([2.0**-1000, 0.25, 4.0, 2.0**1000]),
)
def test_importance_weights_matter_only_by_their_ratios(points, weights, factor):
    sample, scaled = as_sample(points, weights), as_sample(points, weights * factor)
    np.testing.assert_array_equal(scaled.weights, sample.weights)
    np.testing.assert_allclose(sample.weights, weights / weights.sum(), rtol=1e-14)
    assert sample.weights.sum() == pytest.approx(1.0, abs=1e-15)
    assert scaled.size == sample.size == 5


def test_huge_weights_do_not_overflow_in_their_sum():
    sample = as_sample(TABLE, [1e308, 1e308, 1e308])
    np.testing.assert_array_equal(sample.weights, as_sample(TABLE).weights)


def test_no_weights_and_equal_weights_are_the_same_sample():
    plain, equal = as_sample(TABLE), as_sample(TABLE, [7, 7, 7])
    np.testing.assert_array_equal(plain.weights, equal.weights)
    assert plain.size == equal.size == 3


@given(st.lists(st.integers(0, 50), min_size=3, max_size=3).filter(any))
def test_frequencies_mean_the_repeated_rows(counts):
    weighted = as_sample(TABLE, counts, kind="frequency")
    repeated = as_sample(np.repeat(TABLE, counts, axis=0))
    assert weighted.size == repeated.size == sum(counts)
    np.testing.assert_allclose(
        weighted.weights @ weighted.points, repeated.weights @ repeated.points, rtol=1e-13
    )


@pytest.mark.parametrize("kind", ["importance", "frequency"])
def test_rows_of_weight_zero_are_dropped_and_the_mask_says_which(kind):
    weights = [2.0, 0.0, 1.0]
    sample = as_sample(TABLE, weights, kind=kind)
    mask = weight_mask(weights, kind)
    np.testing.assert_array_equal(mask, [True, False, True])
    np.testing.assert_array_equal(sample.points, TABLE[mask])
    np.testing.assert_array_equal(sample.weights, [2 / 3, 1 / 3])
    assert sample.size == {"importance": 2, "frequency": 3}[kind]


def test_a_weight_that_vanishes_beside_another_counts_as_zero():
    sample = as_sample(TABLE, [1e300, 5e-324, 1e300])
    assert sample.points.shape == (2, 2)
    assert (sample.weights > 0).all()


@pytest.mark.parametrize(
    ("weights", "kind", "words"),
    [
        ([1, -2, 1], "importance", "row 1 is -2; weights must be >= 0"),
        ([0, 0, 0], "importance", "all zero"),
        ([1, np.nan, 1], "importance", "row 1, column 0 is nan"),
        ([1, 1, np.inf], "frequency", "row 2, column 0 is inf"),
        ([1, 1], "importance", "one number a row, 3 in all, got shape (2,)"),
        (np.ones((3, 2)), "importance", "got shape (3, 2)"),
        (["a", "b", "c"], "importance", "row 0, column 0 is 'a'"),
        ([1, 1.5, 2], "frequency", "row 1 is 1.5; frequencies must be whole numbers"),
        ([1, 1, 1], "count", "kind must be importance or frequency, got 'count'"),
        (pd.Series([1, None, 2], name="w"), "importance", "row 1, column 'w' is nan"),
    ],
)
def test_bad_weights_are_refused_with_their_place(weights, kind, words):
    line = refusal(as_sample, TABLE, weights, kind, "my.csv")
    assert line.startswith("my.csv: weights")
    assert words in line


def test_a_nan_in_a_row_of_weight_zero_is_refused_all_the_same():
    assert "row 0" in refusal(as_sample, [[np.nan], [1.0]], [0, 1])


def test_fewer_observations_than_components_are_refused():
    sample = as_sample([[1.0], [2.0]])
    check_enough_points(sample, 2)
    assert "2 observations are too few for 3 components" in refusal(check_enough_points, sample, 3)
    assert "at least 1, got 0" in refusal(check_enough_points, sample, 0)


def test_a_frequency_counts_as_that_many_observations():
    check_enough_points(as_sample([[1.0], [2.0]], [5, 5], "frequency"), 10)


def test_a_constant_column_is_refused_for_free_covariances():
    sample = as_sample([[1.0, 0.1], [2.0, 0.1], [3.0, 0.1]])
    assert "column 1 is constant (0.1)" in refusal(check_gaussian, sample, 2)
    assert "column 'b' is constant" in refusal(check_gaussian, sample, 2, columns=["a", "b"])


def test_as_many_distinct_points_as_components_are_needed_for_free_covariances():
    sample = as_sample([[0.0, 1.0], [2.0, 3.0]] * 200)
    check_gaussian(sample, 2)
    assert "2 distinct points are too few for 3 components" in refusal(check_gaussian, sample, 3)


def test_distinct_points_are_found_even_at_the_end_of_a_long_sample():
    points = np.zeros((1000, 1))
    points[-1] = 1.0
    check_gaussian(as_sample(points), 2)


def test_minus_zero_is_not_a_point_of_its_own():
    sample = as_sample([[0.0, 1.0], [-0.0, 1.0], [1.0, 2.0]])
    assert "2 distinct points" in refusal(check_gaussian, sample, 3)


@pytest.mark.parametrize("value", [-1.0, 0.5])
def test_counts_are_whole_numbers_from_zero_on(value):
    check_counts(np.array([[0.0, 3.0], [1.0, 2.0]]))
    line = refusal(check_counts, np.array([[0, 3], [1, value]]), columns=["calls", "mails"])
    assert line.startswith(f"points: row 1, column 'mails' is {value:g}; counts must be")


def test_a_refusal_stays_one_line_whatever_it_quotes():
    assert str(InputError("a\nb\r\nc")) == "a b c"
