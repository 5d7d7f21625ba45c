"""Peak anonymous memory of a task in a process of its own, sampled from outside.

RssAnon is what a process holds of its own: pages of a mapped file, which the system takes back when
it likes, are not in it. The kernel keeps no peak of it, so a second process looks every few
milliseconds; what lives shorter than that can be missed.
"""

import importlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mixot.benchmarks.record import UnavailableError

_INTERVAL = 0.002
_UNAVAILABLE = 3


@dataclass(frozen=True, slots=True)
class Footprint:
    """Megabytes (1e6 bytes) after the imports and at the peak, and what the task returned."""

    imported: float
    peak: float
    result: Any

    @property
    def above_import(self) -> float:
        """What the task itself took."""
        return self.peak - self.imported


def footprint(task: Callable[..., Any], **arguments: Any) -> Footprint:
    """Run a module's function of JSON values in a fresh process and watch its memory.

    Raises UnavailableError if the task does, and RuntimeError with the last line of what it said
    if it fails otherwise.
    """
    name = f"{task.__module__}:{task.__qualname__}"
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, name, json.dumps(arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, anonymous(process.pid))
        time.sleep(_INTERVAL)
    told, complaint = process.communicate()
    if process.returncode:
        last = (complaint.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
        raise UnavailableError(last) if process.returncode == _UNAVAILABLE else RuntimeError(last)
    answer = json.loads(told.splitlines()[-1])
    return Footprint(answer["imported"], max(peak, answer["imported"]), answer["result"])


def anonymous(pid: int | str = "self") -> float:
    """Return a process's RssAnon in megabytes, 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    found = re.search(r"^RssAnon:\s*(\d+) kB", status, re.MULTILINE)
    return int(found.group(1)) * 1024 / 1e6 if found else 0.0


def _main(name: str, arguments: str) -> None:
    """Run a task in this process and print what it returned, as JSON."""
    module, _, function = name.partition(":")
    task = getattr(importlib.import_module(module), function)
    imported = anonymous()
    try:
        result = task(**json.loads(arguments))
    except UnavailableError as reason:
        sys.stderr.write(f"{reason}\n")
        sys.exit(_UNAVAILABLE)
    print(json.dumps({"imported": imported, "result": result}), flush=True)
    # Nothing that ends with the interpreter belongs to the task.
    os._exit(0)


if __name__ == "__main__":
    _main(*sys.argv[1:])
