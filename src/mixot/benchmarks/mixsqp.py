"""R's mixsqp (Kim, Carbonetto, Stephens and Anitescu 2020) as a contestant, where R has it.

The matrix travels by a file; the seconds are those of the solver alone, as R's clock tells them.
"""

import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from mixot.benchmarks.record import UnavailableError
from mixot.types import Array

_SCRIPT = Path(__file__).with_name("mixsqp.R")
# At its defaults the solver stops at gaps between 1e-7 and 1e-4; with these it goes on to 1e-11.
# The low-rank approximation of the likelihoods, which halves its time, is good enough for that.
CONTROL: Mapping[str, float] = {
    "tol.svd": 1e-12,
    "eps": 1e-15,
    "convtol.sqp": 1e-10,
    "zero.threshold.solution": 1e-10,
}


def write_likelihood(folder: Path, likelihood: Array) -> None:
    """Write the likelihoods (n, K) for the solver to read."""
    np.asfortranarray(likelihood).ravel(order="K").tofile(folder / "likelihood.bin")


def solve(folder: Path, shape: tuple[int, int]) -> tuple[float, Array]:
    """Return the seconds and the weights (K,) for the likelihoods (n, K) written to `folder`.

    Raises UnavailableError without R or the package.
    """
    require()
    given = [f"{name}={value:g}" for name, value in CONTROL.items()]
    done = subprocess.run(
        ["Rscript", "--vanilla", str(_SCRIPT), str(folder), *map(str, shape), *given],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    seconds = float((folder / "seconds.txt").read_text(encoding="ascii"))
    return seconds, np.atleast_1d(np.loadtxt(folder / "weights.txt"))


@cache
def require() -> str:
    """Return the version and the BLAS of R's mixsqp; UnavailableError if it cannot be loaded."""
    if shutil.which("Rscript") is None:
        raise UnavailableError("Rscript is not installed")
    script = 'cat(format(packageVersion("mixsqp")), "with", basename(extSoftVersion()[["BLAS"]]))'
    done = subprocess.run(
        ["Rscript", "--vanilla", "-e", script], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UnavailableError("R's package mixsqp is not installed")
    return done.stdout.strip()
