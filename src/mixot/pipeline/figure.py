"""mixot-figure: draw figures from a results folder.

    mixot-figure
    mixot-figure 'figures=[gap]' paths.results=DIR

Writes results/figures/{name}.svg and .png, the same bytes each time; by default all figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from mixot import figures
from mixot.errors import InputError
from mixot.pipeline.command import check_writable, existing_folder, run, settings
from mixot.pipeline.schema import PathsConfig

NAME = "mixot-figure"
FOLDER = "figures"


@dataclass
class FigureSettings:
    """What the command can be told; null means all figures."""

    figures: list[str] | None = None
    paths: PathsConfig = field(default_factory=PathsConfig)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    run(NAME, _body, arguments)


def _body(arguments: list[str]) -> int:
    told = settings(FigureSettings, arguments, str(__doc__))
    results = existing_folder(told.paths.results)
    check_writable(results, "paths.results")
    names = told.figures or figures.names()
    for name in names:
        if name not in figures.names():
            known = ", ".join(figures.names())
            raise InputError(f"figures={name}: unknown; allowed: {known}")
    for name in names:
        drawn = figures.make(name, results)
        for path in figures.save(drawn, results / FOLDER, name):
            print(path.relative_to(results), flush=True)
    return 0


if __name__ == "__main__":
    main()
