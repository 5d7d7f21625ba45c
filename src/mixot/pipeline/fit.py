"""mixot-fit: one fit, or a grid of them, into run directories.

    mixot-fit problem=faithful solver=em seed=3
    mixot-fit -m 'seed=range(0,10)' solver=em,ot_semirelaxed solver.epsilon=0.3,1,3

A finished run with the same run_key is kept and not computed again. Numerical trouble is a status
in result.json; only an unexpected error makes the command fail (code 1), after the other fits and
with its traceback in the run directory. What cannot be served is refused in one line (code 2).
"""

import traceback
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from mixot.errors import InputError
from mixot.pipeline import app, rundir
from mixot.pipeline import data as data_files
from mixot.pipeline.command import check_writable, run
from mixot.pipeline.compute import compute, family_of
from mixot.pipeline.identity import Identity, identify
from mixot.pipeline.keyed import write_stamp
from mixot.pipeline.provenance import Clock
from mixot.pipeline.schema import FitConfig
from mixot.pipeline.score import metrics, row_potentials

NAME = "mixot-fit"


class FitFailedError(RuntimeError):
    """A fit ended by an unexpected error; its run directory holds the traceback."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    run(NAME, _body, arguments)


def _body(arguments: list[str]) -> int:
    code = 0
    made: dict[str, str] = {}
    try:
        app.launch(NAME, partial(fit_all, made), arguments)
    except FitFailedError:
        code = 1
    shared = app.shared(arguments)
    if shared is not None and shared.paths.stamp and code == 0:
        write_stamp(Path(shared.paths.stamp), made)
    if shared is not None and shared.tracker.name == "mlflow":
        # Imported here: a fit must not pay for MLflow, and this process alone writes to it.
        from mixot.pipeline.tracking import track

        results = Path(shared.paths.results).absolute()
        # A launcher with processes of its own leaves nothing here; then all problems are looked at.
        problems: list[str | None] = [*sorted({Path(place).parts[1] for place in made})]
        for problem in problems or [None]:
            track(results, problem)
    return code


def fit_all(made: dict[str, str], config: FitConfig) -> float:
    """Fit for every seed of the configuration; return the sum of the objectives.

    made: takes the run_key by the place under the results folder. Raises FitFailedError after the
    last seed if any of them ended by an unexpected error.
    """
    results = Path(config.paths.results).absolute()
    check_writable(results, "paths.results")
    outcomes = [_fit_one(config, seed, results, made) for seed in config.seed]
    failed = [outcome["seed"] for outcome in outcomes if outcome["status"] == "error"]
    if failed:
        raise FitFailedError(f"seeds {failed} ended by an unexpected error")
    values = [outcome["metrics"]["objective"] for outcome in outcomes]
    return float("nan") if None in values else float(sum(values))


def _fit_one(config: FitConfig, seed: int, results: Path, made: dict[str, str]) -> dict[str, Any]:
    clock = Clock()
    data = data_files.load(config.problem, seed, results)
    identity = identify(config, seed, data, app.conf_folder())
    if config.data_digest not in (None, identity.data_digest):
        raise InputError(
            f"data_digest={config.data_digest}: the data of problem {data.problem.name} have "
            f"{identity.data_digest}; allowed: the same data, or no data_digest"
        )
    made[identity.path.relative_to(results).as_posix()] = identity.run_key
    kept = rundir.finished(identity, config.overwrite)
    if kept is not None:
        _say(identity, kept, "kept", results)
        return kept
    plan, temperature = identity.request.plan, identity.request.epsilon
    more = {"code_digest": identity.code_digest, "problem_path": config.problem.path}
    try:
        family = family_of(data.problem, identity.request)
        fit = compute(data.problem, family, identity.request)
        scores = metrics(data.problem, family, fit, plan, temperature)
        potentials = row_potentials(data.problem, family, fit, plan, temperature)
    except InputError:
        raise
    # Whatever else it is, it is a bug, and one bug must not end a sweep.
    except Exception:
        data_files.store(data)
        result = rundir.write_error(
            identity, _facts(identity, data), traceback.format_exc(), clock.provenance(NAME, **more)
        )
    else:
        data_files.store(data)
        result = rundir.write_fit(
            identity,
            fit,
            _facts(identity, data),
            scores,
            potentials,
            clock.provenance(NAME, **more),
        )
    _say(identity, result, f"{clock.wall_seconds:.2f} s", results)
    return result


def _facts(identity: Identity, data: data_files.Data) -> dict[str, Any]:
    """Return what result.json says of a run before it is computed."""
    problem = data.problem
    return {
        "run_key": identity.run_key,
        "data_digest": identity.data_digest,
        "code_digest": identity.code_digest,
        "problem": problem.name,
        "family": identity.request.family,
        "solver": identity.config["solver"]["name"],
        "epsilon": identity.config["solver"]["epsilon"],
        "seed": identity.request.seed,
        "n_components": problem.n_components,
        "n_samples": int(problem.sample.points.shape[0]),
        "size": problem.sample.size,
    }


def _say(identity: Identity, result: dict[str, Any], note: str, results: Path) -> None:
    """Print the run's line of progress."""
    objective = result["metrics"].get("objective")
    value = "" if objective is None else f", objective {objective:.6f}"
    where = identity.path.relative_to(results)
    print(f"{where}: {result['status']}, {result['n_iter']} iterations{value}, {note}", flush=True)


if __name__ == "__main__":
    main()
