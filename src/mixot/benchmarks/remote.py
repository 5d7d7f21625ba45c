"""A second process that answers one question after the other, and is ended when it takes too long.

A question is a function of a module with JSON values for arguments; what the process imports,
compiles and caches for one answer it has for the next. Between questions it waits, and takes
nothing from whoever is timed.
"""

import gc
import importlib
import json
import os
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

from mixot.benchmarks.record import UnavailableError

_UNAVAILABLE = "unavailable"


class Remote:
    """The process: begun with the first question, begun again with the first after its end."""

    def __init__(self, module: str, environment: dict[str, str] | None = None) -> None:
        self._module = module
        self._environment = environment or {}
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the process."""
        self.end()

    def ask(self, function: str, **arguments: Any) -> None:
        """Send a question; `answer` waits for what comes of it."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, self._module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env={**os.environ, **self._environment},
            )
        assert self._process.stdin is not None
        print(json.dumps([function, arguments]), file=self._process.stdin, flush=True)

    def answer(self) -> Any:
        """Return the answer to the question asked; whatever interrupts the wait ends the process.

        Raises UnavailableError if the function does, and RuntimeError with what it said if it
        fails otherwise.
        """
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            line = self._process.stdout.readline()
        except BaseException:
            self.end()
            raise
        if not line:
            code = self._process.wait()
            self.end()
            raise RuntimeError(f"the process ended with code {code}")
        ended, told = json.loads(line)
        if ended == "answered":
            return told
        raise UnavailableError(told) if ended == _UNAVAILABLE else RuntimeError(told)

    def call(self, function: str, **arguments: Any) -> Any:
        """Ask and wait."""
        self.ask(function, **arguments)
        return self.answer()

    def end(self) -> None:
        """Kill the process, wherever it is."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _main(module_name: str) -> None:
    """Answer the questions of the standard input until it ends."""
    # What a library prints must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    module = importlib.import_module(module_name)
    for line in sys.stdin:
        function, arguments = json.loads(line)
        # Timing collects garbage first, which would look through all that was imported.
        gc.freeze()
        try:
            told = ("answered", getattr(module, function)(**arguments))
        except UnavailableError as reason:
            told = (_UNAVAILABLE, str(reason))
        except Exception as error:
            told = ("failed", f"{type(error).__name__}: {error}")
        print(json.dumps(told), file=answers, flush=True)


if __name__ == "__main__":
    _main(sys.argv[1])
