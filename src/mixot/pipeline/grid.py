"""A study: which fits, which evidence, which claims and figures; read from a file and checked.

The file is validated against `workflow/schemas/study.schema.yaml`, then its names are looked up.
What is wrong is said in one line. Snakemake reads a study at every start, so that nothing here
imports Hydra, MLflow or the references.
"""

import ast
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

import mixot
from mixot.errors import InputError
from mixot.pipeline.digest import ROOT, code_digest, fit_digest
from mixot.pipeline.rundir import replace_text
from mixot.pipeline.schema import HARD_PLANS
from mixot.runs import RESULT

REPOSITORY = ROOT.parents[1]
SCHEMA = REPOSITORY / "workflow" / "schemas" / "study.schema.yaml"
CONF = REPOSITORY / "conf"
STUDIES = CONF / "study"
RECORD = "study.yaml"
ALL = "all"


@dataclass(frozen=True, slots=True)
class Grid:
    """Every solver at every epsilon on every problem and family; hard solvers at epsilon 0."""

    name: str
    problems: dict[str, list[str]]
    solvers: list[str]
    epsilons: list[str]


@dataclass(frozen=True, slots=True)
class Study:
    """A checked study."""

    name: str
    seeds: int
    seed_block: int
    grids: tuple[Grid, ...]
    evidence: dict[str, dict[str, list[str]]]
    claims: tuple[str, ...]
    minimum_problems: int
    figures: tuple[str, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """Names of all problems, sorted."""
        return tuple(sorted({problem for grid in self.grids for problem in grid.problems}))

    @property
    def blocks(self) -> dict[str, list[int]]:
        """Seeds by block; a block is named by its first seed."""
        starts = range(0, self.seeds, self.seed_block)
        return {str(s): list(range(s, min(s + self.seed_block, self.seeds))) for s in starts}


@dataclass(frozen=True, slots=True)
class Batch:
    """The fits of one process: a grid's solvers and epsilons for one problem, family and block."""

    grid: str
    problem: str
    family: str
    block: str
    seeds: list[int]
    solvers: list[str]
    epsilons: list[str]

    @property
    def overrides(self) -> str:
        """What `mixot-fit -m` is told besides problem and family, ready for a shell."""
        # Solvers bring epsilon 1 along (and the hard ones 0), so it need not be said.
        given = [] if self.epsilons == ["1"] else [f"solver.epsilon={','.join(self.epsilons)}"]
        seeds = ",".join(map(str, self.seeds))
        return " ".join([f"solver={','.join(self.solvers)}", *given, f"'seed=[{seeds}]'"])

    @property
    def code(self) -> str:
        """Digest of the code that the batch's fits depend on."""
        digests = [fit_digest(self.family, plan_of(solver)) for solver in self.solvers]
        return " ".join(digest[:12] for digest in digests)

    def runs(self) -> Iterator[str]:
        """Yield the places of the fits under the results folder."""
        for solver in self.solvers:
            hard = plan_of(solver) in HARD_PLANS
            for epsilon in ["0"] if hard else self.epsilons:
                for seed in self.seeds:
                    run = f"{self.problem}/{self.family}/{solver}/eps~{epsilon}/seed~{seed}"
                    yield f"fits/{run}"


def batches(study: Study) -> list[Batch]:
    """Return all batches, in the order of the file."""
    return [
        Batch(grid.name, problem, family, block, seeds, grid.solvers, grid.epsilons)
        for grid in study.grids
        for problem, families in grid.problems.items()
        for family in families
        for block, seeds in study.blocks.items()
    ]


def load(source: str | Path | Mapping[str, Any]) -> Study:
    """Read and check a study: a path, the name of a file in conf/study, or its contents.

    Raises InputError for the first thing that is wrong.
    """
    where, values = "study", source
    if not isinstance(source, Mapping):
        path = _path(source)
        where, values = str(source), _yaml(path)
    _validate(where, values)
    assert isinstance(values, Mapping)
    study = Study(
        name=values["name"],
        seeds=values["seeds"],
        seed_block=values["seed_block"],
        grids=tuple(Grid(**grid) for grid in values["grids"]),
        evidence={k: dict(v) for k, v in values["evidence"].items()},
        claims=_chosen(values["claims"], claim_ids()),
        minimum_problems=values["minimum_problems"],
        figures=_chosen(values["figures"], figure_names()),
    )
    _look_up(where, study)
    return study


def record(study: Study, results: Path) -> None:
    """Note in the results folder which study its claims, tables and figures are of."""
    replace_text(results / RECORD, yaml.safe_dump(plain(study), sort_keys=True))


def recorded(results: Path) -> Study | None:
    """Return the study that the results folder is of, or None if it is of none."""
    path = results / RECORD
    return load(path) if path.is_file() else None


def plan_of(solver: str) -> str:
    """Return the plan of a solver, as its configuration file says."""
    return str(_yaml(CONF / "solver" / f"{solver}.yaml")["plan"])


def problem_names() -> tuple[str, ...]:
    """Return the problems that a study can use; `file` is for the command line."""
    return tuple(name for name in _options("problem") if name != "file")


def solver_names() -> tuple[str, ...]:
    """Return the solvers."""
    return _options("solver")


def experiment_names() -> tuple[str, ...]:
    """Return the experiments: modules of `mixot.evidence` that define `run`."""
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


def plain(study: Study) -> dict[str, Any]:
    """Return a study as its file would say it, with every name spelled out."""
    values = asdict(study)
    values["grids"] = list(values["grids"])
    return {**values, "claims": list(study.claims), "figures": list(study.figures)}


def statements_digest() -> str:
    """Return the digest of the statements, which are data of the package and not code."""
    return hashlib.sha256((ROOT / "statements.yaml").read_bytes()).hexdigest()[:12]


def stamps(study: Study) -> dict[str, list[str]]:
    """Return, by stamp, the files that it stands for; all under the results folder."""
    made: dict[str, list[str]] = {}
    for batch in batches(study):
        block = f"seeds~{batch.block}.done"
        fits = f"stamps/fits/{batch.grid}/{batch.problem}/{batch.family}/{block}"
        made[fits] = [f"{run}/{RESULT}" for run in batch.runs()]
        data = [f"data/{batch.problem}/seed~{seed}.npz" for seed in batch.seeds]
        made[f"stamps/data/{batch.problem}/{block}"] = data
    for experiment, problems in study.evidence.items():
        for problem, families in problems.items():
            files = [f"evidence/{experiment}/{problem}/{family}.jsonl" for family in families]
            made.setdefault(f"stamps/evidence/{problem}.done", []).extend(files)
    for name in ("store", "ledger", *study.problems):
        made[f"stamps/track/{name}.done"] = ["mlflow/mlflow.db"]
    return made


def forget_missing(study: Study, results: Path) -> None:
    """Remove the stamps of what is no longer there.

    A stamp says that files exist which the workflow does not list; deleting old runs by hand would
    otherwise leave it saying so.
    """
    for stamp, files in stamps(study).items():
        path = results / stamp
        if path.is_file() and not all((results / file).is_file() for file in files):
            path.unlink()


def _path(source: str | Path) -> Path:
    path = Path(source)
    if path.is_file():
        return path
    named = STUDIES / f"{source}.yaml"
    if named.is_file():
        return named
    known = ", ".join(sorted(p.stem for p in STUDIES.glob("*.yaml")))
    raise InputError(f"study={source}: no such file; allowed: a path, or one of {known}")


def _yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as YAML: {error}") from error


def _validate(where: str, values: Any) -> None:
    error = best_match(Draft202012Validator(_yaml(SCHEMA)).iter_errors(values))
    if error is not None:
        raise InputError(f"{where}: {_in_words(error)}")


def _in_words(error: ValidationError) -> str:
    """Name the place, the value and what is allowed there."""
    place = error.json_path.removeprefix("$").lstrip(".") or "the file"
    schema, value = error.schema, error.instance
    if error.validator == "additionalProperties":
        unknown = sorted(set(value) - set(schema["properties"]))
        return f"{place}: no such key {unknown[0]!r}; allowed: {', '.join(schema['properties'])}"
    if error.validator == "required":
        missing = [key for key in schema["required"] if key not in value]
        return f"{place}: {missing[0]!r} is missing; allowed: {', '.join(schema['properties'])}"
    if error.validator == "uniqueItems":
        return f"{place}={value}: repeats itself; allowed: different entries"
    allowed = schema.get("description") or {
        "type": f"of type {error.validator_value}",
        "pattern": f"a text that matches {error.validator_value}",
        "minimum": f"at least {error.validator_value}",
        "minItems": "at least one entry",
        "minProperties": "at least one entry",
    }.get(str(error.validator), str(error.validator_value))
    return f"{place}={value!r}: not understood; allowed: {allowed}"


def _look_up(where: str, study: Study) -> None:
    """Refuse names that do not exist, hard solvers at a temperature, and runs that come twice."""
    named = [(f"grids.{grid.name}.problems", grid.problems) for grid in study.grids]
    named += [(f"evidence.{name}", problems) for name, problems in study.evidence.items()]
    for place, problems in named:
        _known(f"{where}: {place}", problems, problem_names())
        for problem, families in problems.items():
            _known(f"{where}: {place}.{problem}", families, family_names())
    _known(f"{where}: evidence", study.evidence, experiment_names())
    _known(f"{where}: claims", study.claims, claim_ids())
    _known(f"{where}: figures", study.figures, figure_names())
    names = [grid.name for grid in study.grids]
    if len(set(names)) < len(names):
        raise InputError(f"{where}: grids={names}: two of one name; allowed: different names")
    for grid in study.grids:
        _known(f"{where}: grids.{grid.name}.solvers", grid.solvers, solver_names())
        hard = [solver for solver in grid.solvers if plan_of(solver) in HARD_PLANS]
        if hard and grid.epsilons != ["1"]:
            raise InputError(
                f"{where}: grids.{grid.name}.solvers={hard[0]}: is the limit epsilon 0; "
                'allowed: in a grid whose only epsilon is "1"'
            )
    seen: dict[str, str] = {}
    for batch in batches(study):
        for run in batch.runs():
            if run in seen:
                raise InputError(
                    f"{where}: grids.{batch.grid}: {run} is also in grids.{seen[run]}; allowed: "
                    "every fit in one grid"
                )
            seen[run] = batch.grid
    fitted = {(batch.problem, batch.family) for batch in batches(study)}
    for experiment, problems in study.evidence.items():
        for problem, families in problems.items():
            for family in families:
                if (problem, family) not in fitted:
                    raise InputError(
                        f"{where}: evidence.{experiment}.{problem}={family}: nothing is fitted; "
                        "allowed: a problem and family of a grid"
                    )


def _known(place: str, given: Any, allowed: tuple[str, ...]) -> None:
    for name in given:
        if name not in allowed:
            raise InputError(f"{place}={name}: unknown; allowed: {', '.join(allowed)}")


def _options(group: str) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (CONF / group).glob("*.yaml")))


def _chosen(given: str | list[str], known: tuple[str, ...]) -> tuple[str, ...]:
    return known if given == ALL else tuple(given)
