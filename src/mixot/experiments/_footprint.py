"""A task in a fresh process, whose anonymous memory is watched from outside.

RssAnon is what a process holds of its own; pages of files, which the system takes back when it
likes, are not in it. The kernel keeps no peak of it, so that it is looked at every few
milliseconds.
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

_INTERVAL = 0.004


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a task returned, and the megabytes (1e6 bytes) that it took beyond its imports.

    megabytes: not a number where the system does not say.
    """

    megabytes: float
    result: Any


def footprint(task: Callable[..., Any], **arguments: Any) -> Footprint:
    """Run a module's function of JSON values in a fresh process and watch its memory.

    Raises RuntimeError with the last line of what it said if it fails.
    """
    name = f"{task.__module__}:{task.__qualname__}"
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, name, json.dumps(arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    peak = float("nan")
    while process.poll() is None:
        seen = anonymous(process.pid)
        # Not a number before the first look, and when the process has just ended.
        peak = seen if not peak > seen and seen == seen else peak
        time.sleep(_INTERVAL)
    told, complaint = process.communicate()
    if process.returncode:
        last = (complaint.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
        raise RuntimeError(last)
    answer = json.loads(told.splitlines()[-1])
    return Footprint(peak - answer["imported"], answer["result"])


def anonymous(pid: int | str = "self") -> float:
    """Return a process's RssAnon in megabytes, not a number if it is not known."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return float("nan")
    found = re.search(r"^RssAnon:\s*(\d+) kB", status, re.MULTILINE)
    return int(found.group(1)) * 1024 / 1e6 if found else float("nan")


def _main(name: str, arguments: str) -> None:
    """Run a task in this process and print what it returned, as JSON."""
    module, _, function = name.partition(":")
    task = getattr(importlib.import_module(module), function)
    imported = anonymous()
    result = task(**json.loads(arguments))
    print(json.dumps({"imported": imported, "result": result}), flush=True)
    # Nothing that ends with the interpreter belongs to the task.
    os._exit(0)


if __name__ == "__main__":
    _main(*sys.argv[1:])
