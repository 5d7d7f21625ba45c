"""The one loop: take steps until the certificate, a failed step or the limit ends them."""

from collections.abc import Callable

import numpy as np

from mixot.fitting.descent import Info, State
from mixot.fitting.stopping import Certificate, Stop, certify
from mixot.fitting.trace import Recorder, Trace
from mixot.types import Status

Step = Callable[[State], tuple[State, Info]]


def iterate(
    step: Step, state: State, stop: Stop, max_iter: int
) -> tuple[State, Trace, Certificate, Status]:
    """Iterate from a state until `stop`; the status is converged, max_iter, or a step's trouble.

    A step that fails returns the state before it, which is then the result.
    """
    recorder = Recorder()
    recorder.start(state)
    lengths: list[float] = []
    objectives = [state.objective]
    certificate = certify(np.array(lengths), np.inf)
    status = Status.MAX_ITER
    for _ in range(max_iter):
        before = state.objective
        state, info = step(state)
        if info.status is not None:
            status = info.status
            break
        recorder.add(state, info)
        lengths.append(info.step)
        objectives.append(state.objective)
        certificate = info.certificate or certify(np.array(lengths[-8:]), before - state.objective)
        if stop(objectives, certificate):
            status = Status.CONVERGED
            break
    return state, recorder.finish(state), certificate, status
