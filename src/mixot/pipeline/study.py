"""mixot-study: check a study file, list its fits, and clear up after a killed study.

    mixot-study check study=full          one line and code 2 if anything in it is wrong
    mixot-study expand study=smoke        the place of every fit, one a line
    mixot-study record study=smoke        note in the results folder that it is of this study
    mixot-study recover                   end orphaned jobs of this folder, unlock, clear leftovers

A study is a file of conf/study by name, or any path.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from mixot.errors import InputError
from mixot.pipeline import grid
from mixot.pipeline.command import check_writable, run, settings
from mixot.pipeline.recovery import recover
from mixot.pipeline.schema import PathsConfig

NAME = "mixot-study"
ACTIONS = ("check", "expand", "record", "recover")


@dataclass
class StudySettings:
    """What the command can be told."""

    study: str = "full"
    paths: PathsConfig = field(default_factory=PathsConfig)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    run(NAME, _body, arguments)


def _body(arguments: list[str]) -> int:
    action, *rest = arguments or [""]
    if action in ("-h", "--help"):
        rest = [action]
    elif action not in ACTIONS:
        raise InputError(f"{action or 'nothing'}: not understood; allowed: {', '.join(ACTIONS)}")
    told = settings(StudySettings, rest, str(__doc__))
    if action == "recover":
        print(recover(Path.cwd(), Path(told.paths.results).absolute()))
        return 0
    study = grid.load(told.study)
    fits = [place for batch in grid.batches(study) for place in batch.runs()]
    if action == "expand":
        print("\n".join(fits))
    elif action == "record":
        results = Path(told.paths.results).absolute()
        check_writable(results, "paths.results")
        grid.record(study, results)
    else:
        pieces = sum(len(problems) for problems in study.evidence.values())
        print(
            f"{told.study}: {len(fits)} fits in {len(grid.batches(study))} batches on "
            f"{len(study.problems)} problems, {pieces} pieces of evidence, "
            f"{len(study.experiments)} experiments, "
            f"{len(study.claims)} claims, {len(study.figures)} figures"
        )
    return 0


if __name__ == "__main__":
    main()
