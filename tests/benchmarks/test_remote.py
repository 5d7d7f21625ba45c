"""A second process answers, says what went wrong, and can be stopped in compiled code."""

import os
import time

import pytest

from mixot.benchmarks.record import UnavailableError
from mixot.benchmarks.remote import Remote
from mixot.benchmarks.timing import CapReachedError, limit

MODULE = "questions_of_a_test"
QUESTIONS = """
import os
from mixot.benchmarks.record import UnavailableError

seen = []

def remember(what):
    print("this is no answer")
    seen.append(what)
    return [os.getpid(), seen]

def named(name):
    return os.environ[name]

def missing():
    raise UnavailableError("no such peer")

def wrong():
    raise MemoryError("none left")

def end():
    os._exit(7)

def hold():
    # One call of compiled code, in which no signal is seen to.
    return sum(range(10**11))
"""


@pytest.fixture
def remote(tmp_path, monkeypatch):
    (tmp_path / f"{MODULE}.py").write_text(QUESTIONS, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    with Remote(MODULE, {"NAME_OF_A_TEST": "its value"}) as process:
        yield process


def test_it_keeps_its_state_between_questions_and_what_is_printed_is_no_answer(remote):
    first, _ = remote.call("remember", what=1)
    second, seen = remote.call("remember", what=[2.5, None])
    assert first == second != os.getpid()
    assert seen == [1, [2.5, None]]
    assert remote.call("named", name="NAME_OF_A_TEST") == "its value"


def test_it_says_what_is_missing_and_what_went_wrong_and_goes_on(remote):
    with pytest.raises(UnavailableError, match="no such peer"):
        remote.call("missing")
    with pytest.raises(RuntimeError, match="MemoryError: none left"):
        remote.call("wrong")
    assert remote.call("remember", what=1)[1] == [1]


def test_a_process_that_dies_is_begun_again(remote):
    with pytest.raises(RuntimeError, match="code 7"):
        remote.call("end")
    assert remote.call("remember", what=1)[1] == [1]


def test_the_cap_ends_a_call_that_sees_no_signal(remote):
    pid, _ = remote.call("remember", what=1)
    began = time.perf_counter()
    with pytest.raises(CapReachedError), limit(0.3):
        remote.call("hold")
    assert time.perf_counter() - began < 5.0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert remote.call("remember", what=2)[1] == [2]
