"""What there is to choose from (problems, solvers, experiments, claims, figures), and its digests.

Everything is found by looking where it lies, so that a new one needs no entry in a list. Snakemake
asks at every start: nothing here imports Hydra, MLflow or the references.
"""

import ast
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import yaml

import mixot
from mixot.errors import InputError
from mixot.pipeline.digest import ROOT, code_digest

REPOSITORY = ROOT.parents[1]
CONF = REPOSITORY / "conf"
# How much an experiment does: all, or enough to see that it works.
EFFORTS = ("full", "smoke")
_EXPERIMENT = {"question", "group", "timed", *EFFORTS}


def read_yaml(path: Path) -> Any:
    """Read a YAML file; raises InputError if it cannot be read."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as YAML: {error}") from error


def plan_of(solver: str) -> str:
    """Return the plan of a solver, as its configuration file says."""
    return str(read_yaml(CONF / "solver" / f"{solver}.yaml")["plan"])


def problem_names() -> tuple[str, ...]:
    """Return the problems that a study can use; `file` is for the command line."""
    return tuple(name for name in _options("problem") if name != "file")


def solver_names() -> tuple[str, ...]:
    """Return the solvers."""
    return _options("solver")


def evidence_names() -> tuple[str, ...]:
    """Return the kinds of evidence on fits: modules of `mixot.evidence` that define `run`."""
    folder = ROOT / "evidence"
    return tuple(
        sorted(
            path.stem
            for path in folder.glob("*.py")
            if any(
                isinstance(node, ast.FunctionDef) and node.name == "run"
                for node in ast.parse(path.read_bytes()).body
            )
        )
    )


def experiment_names() -> tuple[str, ...]:
    """Return the experiments that stand by themselves, which have a file in conf/experiment."""
    return _options("experiment")


def experiment_path(name: str) -> Path:
    """Return the file of an experiment."""
    return CONF / "experiment" / f"{name}.yaml"


def experiment(name: str) -> dict[str, Any]:
    """Return what an experiment's file says; raises InputError where it says too little or much.

    question: what it asks; group: that of its claims, with which it shares a process; timed:
    whether it measures seconds or memory; full, smoke: its settings at either effort.
    """
    path = experiment_path(name)
    values = read_yaml(path)
    if not isinstance(values, dict) or set(values) != _EXPERIMENT:
        raise InputError(f"{path}: keys must be exactly {', '.join(sorted(_EXPERIMENT))}")
    if not isinstance(values["timed"], bool):
        raise InputError(f"{path}: timed must be true or false")
    return values


def experiment_digest(experiment: str) -> str:
    """Return the digest of an experiment's code, and of the plans, which are found by name."""
    plans = sorted((ROOT / "transport" / "plans").glob("[!_]*.py"))
    return code_digest(
        f"{mixot.__name__}.experiments.{experiment}",
        *(f"{mixot.__name__}.transport.plans.{path.stem}" for path in plans),
    )


def experiments_digest(experiments: Iterable[str]) -> str:
    """Return the digest of what several experiments depend on: their code and their files."""
    whole = hashlib.sha256()
    for name in sorted(experiments):
        settings = json.dumps(experiment(name), sort_keys=True)
        whole.update(f"{name} {experiment_digest(name)} {settings}\n".encode())
    return whole.hexdigest()[:12]


def figure_names() -> tuple[str, ...]:
    """Return the figures."""
    from mixot import figures

    return figures.names()


def claim_ids() -> tuple[str, ...]:
    """Return the claims, in the order of the statements."""
    from mixot import claims

    return claims.names()


def family_names() -> tuple[str, ...]:
    """Return the families."""
    from mixot import families

    return families.names()


def generator_digest(problem: str) -> str:
    """Return the digest of the code that makes a problem's data."""
    return code_digest(f"{mixot.__name__}.problems.library.{problem}")[:12]


def package_digest(package: str, *modules: str) -> str:
    """Return the digest of a package with the named modules, or with all of its modules."""
    name = f"{mixot.__name__}.{package}"
    folder = ROOT.joinpath(*package.split("."))
    found = modules or tuple(module.name for module in iter_modules([str(folder)]))
    return code_digest(name, *(f"{name}.{module}" for module in found))[:12]


def statements_digest() -> str:
    """Return the digest of statements and sentences, which are data of the package and not code."""
    whole = hashlib.sha256()
    for path in sorted(
        path for part in ("statements", "claims") for path in (ROOT / part).glob("*.yaml")
    ):
        whole.update(path.read_bytes())
    return whole.hexdigest()[:12]


def _options(group: str) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (CONF / group).glob("*.yaml")))
