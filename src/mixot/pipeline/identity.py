"""Which run this is: its configuration in plain values, its key, and its place.

    identity   everything that determines the numbers, with all defaults filled in
    run_key    SHA-256 of identity, data and code, first 16 digits: equal keys, equal numbers
    path       problem, family, solver, epsilon and seed, and k8 if anything else is not default

The key changes when code changes and the path does not: a rerun replaces what it supersedes.
"""

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mixot import families, runs
from mixot.errors import InputError
from mixot.pipeline import data as data_files
from mixot.pipeline.compute import Request
from mixot.pipeline.digest import fit_digest
from mixot.pipeline.keyed import sha256
from mixot.pipeline.schema import FitConfig


@dataclass(frozen=True, slots=True)
class Identity:
    """A run before it is computed."""

    config: dict[str, Any]
    request: Request
    run_key: str
    data_digest: str
    code_digest: str
    path: Path


def identify(config: FitConfig, seed: int, data: data_files.Data, conf: Path) -> Identity:
    """Work out the run that a checked configuration names.

    conf: the folder of configuration files, which says what the defaults are.
    """
    problem = data.problem
    family = config.family.name or problem.families[0]
    if family not in families.names():
        known = ", ".join(families.names())
        raise InputError(f"family.name={family}: unknown; allowed: {known}")
    own_options = dict(problem.family_options) if family in problem.families else {}
    options = dict(own_options)
    if config.family.covariance is not None:
        options["covariance"] = config.family.covariance
    solver, stopping = config.solver, config.stopping
    values: dict[str, Any] = {
        "problem": {
            "name": problem.name,
            **{name: value for name, value in data.options.items() if value is not None},
            "n_components": problem.n_components,
        },
        "family": {"name": family, **options},
        "solver": asdict(solver),
        "init": asdict(config.init),
        "stopping": asdict(stopping),
        "seed": seed,
        "data_digest": data_files.digest(problem),
    }
    departures: dict[str, Any] = {f"problem.{k}": v for k, v in data.departures.items()}
    if options != own_options:
        departures["family"] = options
    if solver.weights not in ("free", "fixed") or _changes_weights(config, conf):
        departures["solver.weights"] = solver.weights
    departures |= _departures("init", values["init"], _default("init", conf))
    departures |= _departures("stopping", values["stopping"], _default("stopping", conf))
    weights = solver.weights if isinstance(solver.weights, str) else tuple(solver.weights)
    request = Request(
        family=family,
        family_options=options,
        plan=solver.plan,
        weights=weights,
        epsilon=float(solver.epsilon),
        start=config.init.name,
        seed=seed,
        tol=stopping.tol,
        max_iter=stopping.max_iter,
    )
    code = _fit_digest(family, solver.plan)
    name = f"seed~{seed}" + (f"~{sha256(departures)[:8]}" if departures else "")
    place = (runs.FITS, problem.name, family, solver.name, f"eps~{solver.epsilon}", name)
    return Identity(
        config=values,
        request=request,
        run_key=sha256({"config": values, "code": code})[:16],
        data_digest=values["data_digest"],
        code_digest=code,
        path=Path(config.paths.results).absolute().joinpath(*place),
    )


def _changes_weights(config: FitConfig, conf: Path) -> bool:
    """Say whether the solver's file has other weights; its name already tells for some solvers."""
    return bool(
        _read(conf / "solver" / f"{config.solver.name}.yaml").get("weights", config.solver.weights)
        != config.solver.weights
    )


def _departures(group: str, values: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    return {f"{group}.{k}": v for k, v in values.items() if v != defaults.get(k)}


def _default(group: str, conf: Path) -> dict[str, Any]:
    """Return the values of the option of a group that `conf/fit.yaml` chooses."""
    chosen = {
        k: v
        for entry in _read(conf / "fit.yaml")["defaults"]
        if isinstance(entry, dict)
        for k, v in entry.items()
    }
    return _read(conf / group / f"{chosen[group]}.yaml")


@cache
def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    values: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return values


@cache
def _fit_digest(family: str, plan: str) -> str:
    return fit_digest(family, plan)
