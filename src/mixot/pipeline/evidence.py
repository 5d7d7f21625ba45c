"""mixot-evidence: hold the library against the references on the finished runs of a problem.

    mixot-evidence problem=isotropic
    mixot-evidence problem=iris 'families=[gaussian-tied]' 'experiments=[gap]' 'seeds=[0,1]'

Writes results/evidence/{experiment}/{problem}/{family}.jsonl, by default for every experiment and
for every family and seed that was fitted. What is there already is kept if neither the code of the
experiment nor the runs have changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from omegaconf import MISSING

from mixot import runs
from mixot.errors import InputError
from mixot.evidence import records
from mixot.evidence.scene import path_of_run
from mixot.pipeline import catalogue, data
from mixot.pipeline.command import check_writable, existing_folder, run, settings
from mixot.pipeline.digest import ROOT, code_digest
from mixot.pipeline.keyed import is_current, sha256, stamp
from mixot.pipeline.schema import PathsConfig, ProblemConfig
from mixot.types import Status

NAME = "mixot-evidence"


@dataclass
class EvidenceSettings:
    """What the command can be told; null means all there is."""

    problem: str = MISSING
    families: list[str] | None = None
    experiments: list[str] | None = None
    seeds: list[int] | None = None
    paths: PathsConfig = field(default_factory=PathsConfig)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    run(NAME, _body, arguments)


def _body(arguments: list[str]) -> int:
    told = settings(EvidenceSettings, arguments, str(__doc__))
    results = existing_folder(told.paths.results)
    check_writable(results, "paths.results")
    for name in told.experiments or ():
        if name not in catalogue.evidence_names():
            known = ", ".join(catalogue.evidence_names())
            raise InputError(f"experiments={name}: unknown; allowed: {known}")
    fitted = _fitted(results, told.problem)
    if not fitted:
        raise InputError(f"problem={told.problem}: has no finished runs in {results}")
    for family in told.families or sorted({family for family, _ in fitted}):
        wanted = told.seeds or sorted({seed for name, seed in fitted if name == family})
        absent = [seed for seed in wanted if (family, seed) not in fitted]
        if absent or not wanted:
            raise InputError(
                f"families={family}: no finished run of problem {told.problem} at seeds {absent}"
            )
        for experiment in told.experiments or catalogue.evidence_names():
            _write(results, experiment, told.problem, family, wanted)
    return 0


def _fitted(results: Path, problem: str) -> set[tuple[str, int]]:
    """Return the families and seeds with finished runs."""
    found = runs.find(results, problem=problem)
    return {(path.parts[-4], int(path.name.split("~")[1])) for path in found}


def _write(results: Path, experiment: str, problem: str, family: str, seeds: list[int]) -> None:
    """Run one experiment on all seeds, unless that has been done."""
    path = results / "evidence" / experiment / problem / f"{family}.jsonl"
    found = {seed: _runs(results, problem, family, seed) for seed in seeds}
    keys = {seed: [runs.read_result(run)["run_key"] for run in found[seed]] for seed in seeds}
    key = sha256({"code": _code(experiment, family), "runs": keys})
    shown = path.relative_to(results)
    if is_current(path, key):
        print(f"{shown}: kept", flush=True)
        return
    module = import_module(f"mixot.evidence.{experiment}")
    written = []
    for seed in seeds:
        loaded = data.load(ProblemConfig(name=problem), seed, results)
        data.store(loaded)
        paths = [path_of_run(runs.read(folder)) for folder in found[seed]]
        written += module.run(loaded.problem, family, seed, paths)
    records.write(path, written)
    stamp(path, key)
    print(f"{shown}: {len(written)} records from {len(seeds)} seeds", flush=True)


def _runs(results: Path, problem: str, family: str, seed: int) -> list[Path]:
    """Return the runs with default settings that have a solution."""
    return [
        path
        for path in runs.find(results, problem=problem, family=family, seed=seed)
        if path.name == f"seed~{seed}" and runs.read_result(path)["status"] != Status.ERROR
    ]


def _code(experiment: str, family: str) -> str:
    """Return the digest of an experiment with the modules that it finds by name."""
    plans = (ROOT / "transport" / "plans").glob("[!_]*.py")
    return code_digest(
        f"mixot.evidence.{experiment}",
        f"mixot.families.{family.partition('-')[0]}",
        *sorted(f"mixot.transport.plans.{path.stem}" for path in plans),
    )


if __name__ == "__main__":
    main()
