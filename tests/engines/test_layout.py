"""Cuts: everything once, in order, and the same for everybody."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixot.engines.layout import added_by_part, layout
from mixot.engines.threads import in_order, read_ahead


def assert_cover(pieces, whole):
    assert pieces[0].start == whole.start
    assert pieces[-1].stop == whole.stop
    assert all(one.stop == two.start for one, two in pairwise(pieces))
    assert all(one.start < one.stop for one in pieces)


@given(n_samples=st.integers(1, 3_000_000), n_columns=st.integers(1, 2000))
def test_parts_runs_and_blocks_hold_every_row_once(n_samples, n_columns):
    cut = layout(n_samples, n_columns)
    parts = cut.parts()
    assert_cover(parts, slice(0, n_samples))
    for part in parts[:2] + parts[-1:]:
        runs = cut.runs(part)
        assert_cover(runs, part)
        for run in runs[:2] + runs[-1:]:
            assert_cover(cut.blocks(run), run)


@given(n_samples=st.integers(1, 10**12), columns=st.tuples(*[st.integers(1, 10**4)] * 2))
def test_parts_are_few_and_do_not_depend_on_the_model(n_samples, columns):
    one, two = (layout(n_samples, n) for n in columns)
    assert one.part == two.part
    assert one.part * 256 >= n_samples


def test_sums_are_added_within_parts_first():
    cut = layout(200_000, 10)
    parts = cut.parts()
    runs = [[run.start] for part in parts for run in cut.runs(part)]
    assert len(runs) > len(parts) > 2
    sums = added_by_part(cut, parts, iter(runs))
    assert [found[0] for found in sums] == [part.start for part in parts]
    assert list(chain(*sums)) == list(chain(*runs))


def test_results_come_in_order_and_few_are_under_way():
    lock, running, most = threading.Lock(), 0, 0

    def slow(number):
        time.sleep(0.002 * (number % 3))
        return number

    def items():
        nonlocal running, most
        for number in range(20):
            with lock:
                running += 1
                most = max(most, running)
            yield number

    with ThreadPoolExecutor(2) as pool:
        for expected, number in enumerate(in_order(pool, slow, items(), ahead=3)):
            assert number == expected
            with lock:
                running -= 1
    assert most == 4


def test_reading_ahead_stops_where_its_reader_stops_and_passes_errors_on():
    read = []

    def items(last):
        for number in range(1, 10):
            read.append(number)
            if number == last:
                raise OSError("gone")
            yield number

    with ThreadPoolExecutor(1) as pool:
        assert list(read_ahead(pool, items(99))) == list(range(1, 10))
        ahead = read_ahead(pool, items(99))
        read.clear()
        assert next(ahead) == 1
        ahead.close()
        assert len(read) <= 2
        with pytest.raises(OSError, match="gone"):
            list(read_ahead(pool, items(3)))
