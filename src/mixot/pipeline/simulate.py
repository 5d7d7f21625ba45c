"""mixot-simulate: the data of a problem, without fitting.

    mixot-simulate problem=poisson seed=3
    mixot-simulate problem=poisson 'seed=[0,1,2]' paths.results=DIR

Takes the settings of mixot-fit; what is not about data or paths is ignored.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

from mixot.pipeline import app, data
from mixot.pipeline.command import check_writable, run
from mixot.pipeline.keyed import write_stamp
from mixot.pipeline.schema import FitConfig

NAME = "mixot-simulate"


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    run(NAME, _body, arguments)


def _body(arguments: list[str]) -> int:
    made: dict[str, str] = {}
    app.launch(NAME, partial(_simulate, made), arguments)
    shared = app.shared(arguments)
    if shared is not None and shared.paths.stamp:
        write_stamp(Path(shared.paths.stamp), made)
    return 0


def _simulate(listed: dict[str, str], config: FitConfig) -> float:
    results = Path(config.paths.results).absolute()
    check_writable(results, "paths.results")
    for seed in config.seed:
        made = data.load(config.problem, seed, results)
        data.store(made)
        place = made.path.relative_to(results).as_posix()
        listed[place] = made.problem.digest
        note = "kept" if made.is_stored else f"{made.problem.sample.points.shape[0]} points"
        print(f"{place}: {note}", flush=True)
    return 0.0


if __name__ == "__main__":
    main()
