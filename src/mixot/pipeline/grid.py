"""A study: which fits, evidence, experiments, claims and figures; read from a file.

A study is one YAML file (`conf/study`). Its fits are grouped into batches, each the work of one
process; what a batch or another job has finished is said by a stamp under the results folder.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from mixot.errors import InputError
from mixot.experiments.outcome import SERIES
from mixot.pipeline import catalogue, wellformed
from mixot.pipeline.digest import fit_digest
from mixot.pipeline.rundir import replace_text
from mixot.pipeline.schema import HARD_PLANS
from mixot.runs import RESULT

STUDIES = catalogue.CONF / "study"
RECORD = "study.yaml"


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
    experiments: tuple[str, ...]
    effort: str
    claims: tuple[str, ...]
    minimum_problems: int
    figures: tuple[str, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """Names of all problems, sorted."""
        return tuple(sorted({problem for grid in self.grids for problem in grid.problems}))

    @property
    def experiment_groups(self) -> dict[str, list[str]]:
        """Experiments by group: those of one share a process, whose start costs seconds."""
        found: dict[str, list[str]] = {}
        for name in self.experiments:
            found.setdefault(str(catalogue.experiment(name)["group"]), []).append(name)
        return found

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
        digests = [fit_digest(self.family, catalogue.plan_of(solver)) for solver in self.solvers]
        return " ".join(digest[:12] for digest in digests)

    def runs(self) -> Iterator[str]:
        """Yield the places of the fits under the results folder."""
        for solver in self.solvers:
            hard = catalogue.plan_of(solver) in HARD_PLANS
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
        where, values = str(source), catalogue.read_yaml(path)
    wellformed.check(where, values)
    assert isinstance(values, Mapping)
    study = Study(
        name=values["name"],
        seeds=values["seeds"],
        seed_block=values["seed_block"],
        grids=tuple(Grid(**grid) for grid in values["grids"]),
        evidence={k: dict(v) for k, v in values["evidence"].items()},
        experiments=_chosen(values["experiments"], catalogue.experiment_names()),
        effort=values["effort"],
        claims=_chosen(values["claims"], catalogue.claim_ids()),
        minimum_problems=values["minimum_problems"],
        figures=_chosen(values["figures"], catalogue.figure_names()),
    )
    _refuse_repetition(where, study)
    return study


def record(study: Study, results: Path) -> None:
    """Note in the results folder which study its claims, tables and figures are of."""
    replace_text(results / RECORD, yaml.safe_dump(plain(study), sort_keys=True))


def recorded(results: Path) -> Study | None:
    """Return the study that the results folder is of, or None if it is of none."""
    path = results / RECORD
    return load(path) if path.is_file() else None


def plain(study: Study) -> dict[str, Any]:
    """Return a study as its file would say it, with every name spelled out."""
    values = asdict(study)
    values["grids"] = list(values["grids"])
    chosen = {name: list(values[name]) for name in ("experiments", "claims", "figures")}
    return {**values, **chosen}


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
    for group, experiments in study.experiment_groups.items():
        made[f"stamps/experiments/{group}.done"] = [f"evidence/{e}/{SERIES}" for e in experiments]
    for name in ("runs", "ledger"):
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


def _refuse_repetition(where: str, study: Study) -> None:
    """Refuse a fit that two batches would make: they would meet in its directory."""
    seen: dict[str, str] = {}
    for batch in batches(study):
        for run in batch.runs():
            if run in seen:
                raise InputError(
                    f"{where}: grids.{batch.grid}: {run} is also in grids.{seen[run]}; allowed: "
                    "every fit in one grid"
                )
            seen[run] = batch.grid


def _path(source: str | Path) -> Path:
    path = Path(source)
    if path.is_file():
        return path
    named = STUDIES / f"{source}.yaml"
    if named.is_file():
        return named
    known = ", ".join(sorted(p.stem for p in STUDIES.glob("*.yaml")))
    raise InputError(f"study={source}: no such file; allowed: a path, or one of {known}")


def _chosen(given: str | list[str], known: tuple[str, ...]) -> tuple[str, ...]:
    return known if given == wellformed.ALL else tuple(given)
