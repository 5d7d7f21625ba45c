"""mixot-track: fill the MLflow dashboard from the run directories of a results folder.

    mixot-track                         every problem, and the ledger of claims and figures
    mixot-track problem=faithful        one problem, without the ledger
    mixot-track --init                  only make the empty store, before several processes use it
    mixot-track --rebuild               empty the store first
    mixot-track paths.results=DIR       another results folder

Runs that are in the dashboard already are left alone. Look at the result with `make dashboard`.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from mixot.errors import InputError
from mixot.pipeline.command import check_writable, existing_folder, run, settings
from mixot.pipeline.schema import PathsConfig

NAME = "mixot-track"

# The same settings as options, for those who expect them.
_FLAGS = {"--init": "init=true", "--rebuild": "rebuild=true"}
_OPTIONS = {"--problem": "problem", "--results": "paths.results"}


@dataclass
class TrackSettings:
    """What the command can be told."""

    problem: str | None = None
    init: bool = False
    rebuild: bool = False
    paths: PathsConfig = field(default_factory=PathsConfig)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    run(NAME, _body, arguments)


def _body(arguments: list[str]) -> int:
    told = settings(TrackSettings, _spelled_out(arguments), str(__doc__))
    if told.rebuild and (told.init or told.problem):
        raise InputError("rebuild=true: empties the whole store; allowed: without init and problem")
    if told.init and told.problem:
        raise InputError(f"problem={told.problem}: init projects nothing; allowed: one of the two")
    # The store may be made before anything else is.
    folder = told.paths.results
    results = Path(folder).absolute() if told.init else existing_folder(folder)
    check_writable(results, "paths.results")
    # Imported here, so that a refusal does not wait for MLflow.
    from mixot.pipeline.tracking import init, track

    if told.init:
        init(results)
        print("the store is ready", flush=True)
        return 0
    done = track(results, told.problem, rebuild=told.rebuild, report=_say)
    print(done, flush=True)
    return 0


def _spelled_out(arguments: Sequence[str]) -> list[str]:
    """Turn options into the settings that they stand for."""
    spelled: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        name, equals, value = argument.partition("=")
        if name in _OPTIONS:
            value = value if equals else next(waiting, "")
            if not value:
                raise InputError(f"{name}: needs a value; allowed: {name} VALUE")
            spelled.append(f"{_OPTIONS[name]}={value}")
        else:
            spelled.append(_FLAGS.get(argument, argument))
    return spelled


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
