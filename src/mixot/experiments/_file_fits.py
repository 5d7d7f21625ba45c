"""Files of many rows, and fits to them whose iterations are timed, as tasks of fresh processes.

Nothing is imported here that a fit does not need: imports are most of what a small task takes.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from mixot.arrays import as_sample
from mixot.engines import open_npy
from mixot.experiments import _many_rows as many
from mixot.experiments._many_rows import Normals
from mixot.families.gaussian import Gaussian
from mixot.fitting.fit import fit
from mixot.fitting.stopping import Certificate
from mixot.types import Mixture

# Rows that a start is made from.
_FIRST = 1 << 14


def write_rows(path: Path, law: Normals, size: int) -> None:
    """Write rows to a .npy file without holding more than a block of them."""
    header = {"descr": "<f8", "fortran_order": False, "shape": (size, many.N_FEATURES)}
    with path.open("wb") as file:
        npy.write_array_header_1_0(file, header)
        for number, first in enumerate(range(0, size, many.BLOCK)):
            file.write(law.draw(min(many.BLOCK, size - first), number).tobytes())


def start(path: Path) -> Mixture:
    """Return a start that looks at a few rows of a file."""
    return many.start(np.array(np.load(path, mmap_mode="r")[:_FIRST]))


def fit_rows(path: str, iterations: int, in_memory: bool) -> dict[str, Any]:
    """Make some iterations on a file, on one thread.

    Returns the least seconds of one, of the processor and by the clock, and the last objective.
    """
    begin = start(Path(path))
    rows = as_sample(np.load(path)) if in_memory else open_npy(path)
    stamps: list[tuple[float, float]] = []

    def stamp(objectives: Sequence[float], certificate: Certificate) -> bool:
        del objectives, certificate
        stamps.append((time.process_time(), time.perf_counter()))
        return False

    found = fit(rows, begin, Gaussian("full"), stop=stamp, max_iter=iterations, n_threads=1)
    seconds, clock = np.diff(np.array(stamps), axis=0).min(axis=0).tolist()
    return {"seconds": seconds, "clock": clock, "objective": found.objective}
