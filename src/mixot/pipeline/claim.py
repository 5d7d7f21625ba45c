"""mixot-claim: judge the claims on the evidence of a results folder.

    mixot-claim
    mixot-claim 'claims=[A1,C2]' paths.results=DIR

Writes results/claims/{id}.json. If the folder is of a study, only the evidence that belongs to the
study counts, so that what an earlier and larger one left behind does not change a verdict.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from mixot import claims
from mixot.claims.verdict import MINIMUM_PROBLEMS
from mixot.errors import InputError
from mixot.pipeline import grid
from mixot.pipeline.command import check_writable, existing_folder, run, settings
from mixot.pipeline.rundir import replace_text
from mixot.pipeline.schema import PathsConfig

NAME = "mixot-claim"
FOLDER = "claims"


@dataclass
class ClaimSettings:
    """What the command can be told; null means all claims (of the study, if there is one)."""

    claims: list[str] | None = None
    paths: PathsConfig = field(default_factory=PathsConfig)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    run(NAME, _body, arguments)


def _body(arguments: list[str]) -> int:
    told = settings(ClaimSettings, arguments, str(__doc__))
    results = existing_folder(told.paths.results)
    check_writable(results, "paths.results")
    study = grid.recorded(results)
    names = told.claims or (study.claims if study else claims.names())
    for name in names:
        if name not in claims.names():
            known = ", ".join(claims.names())
            raise InputError(f"claims={name}: unknown; allowed: {known}")
    evidence = _evidence(results, study)
    for name in names:
        claim = _judge(name, evidence, study)
        replace_text(results / FOLDER / f"{name}.json", _json(claim))
        print(f"{name}: {json.dumps(claim['verdict'])}", flush=True)
    return 0


def _evidence(results: Path, study: grid.Study | None) -> dict[str, list[dict[str, Any]]]:
    """Return the records by file, relative to the results folder."""
    found = {}
    for path in sorted((results / "evidence").glob("*/*/*.jsonl")):
        experiment, problem, family = path.parts[-3], path.parts[-2], path.stem
        lines = path.read_text(encoding="utf-8").splitlines()
        records = [json.loads(line) for line in lines]
        if study is not None and experiment not in study.experiments:
            if family not in study.evidence.get(experiment, {}).get(problem, []):
                continue
            records = [record for record in records if record["seed"] < study.seeds]
        found[path.relative_to(results).as_posix()] = records
    return found


def _judge(
    name: str, evidence: Mapping[str, list[dict[str, Any]]], study: grid.Study | None
) -> dict[str, Any]:
    """Return the claim as plain values, with the files that its evidence lies in."""
    mine = {
        path: [record for record in records if record["claim"] == name]
        for path, records in evidence.items()
    }
    files = [path for path, records in mine.items() if records]
    minimum = study.minimum_problems if study else MINIMUM_PROBLEMS
    judged = claims.judge_by_id(name, [r for path in files for r in mine[path]], minimum)
    values = judged.as_dict()
    return {**values, "evidence": [*files, *values["evidence"]], "minimum_problems": minimum}


def _json(claim: Mapping[str, Any]) -> str:
    return json.dumps(claim, indent=2, sort_keys=True, allow_nan=False) + "\n"


if __name__ == "__main__":
    main()
