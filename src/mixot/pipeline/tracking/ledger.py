"""The claims and figures of the study as an experiment of their own.

One run holds the figures and tables, and each claim is a run: FINISHED if the claim holds, FAILED
if not. All of them are made anew whenever a claim, figure or table changes.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from mixot.pipeline.tracking import notes, store

if TYPE_CHECKING:
    from mlflow import MlflowClient

CONTENT = "mixot.ledger"
NUMBERS = ("statistic", "tolerance", "margin")
WORDS = ("statement", "hypotheses", "source")
LONGEST_VALUE = 5000
LONGEST_NAME = 70


def track(client: "MlflowClient", results: Path) -> tuple[int, int, int]:
    """Project claims, figures and tables; return runs logged, kept and deleted."""
    claims = sorted((results / "claims").glob("*.json"))
    shown = [
        path
        for folder, patterns in (("figures", ("*.svg", "*.png")), ("tables", ("*.csv",)))
        for pattern in patterns
        for path in sorted((results / folder).glob(pattern))
    ]
    known = client.get_experiment_by_name(notes.LEDGER)
    if not claims and not shown and known is None:
        return 0, 0, 0
    experiment = store.ensure_experiment(client, results, notes.LEDGER, notes.about_ledger())
    digest = _digest(results, [*claims, *shown])
    present = store.all_runs(client, experiment)
    is_current = [
        run.data.tags.get(CONTENT) == digest and run.info.status in ("FINISHED", "FAILED")
        for run in present
    ]
    if all(is_current) and len(present) == (len(claims) + 1 if claims or shown else 0):
        return 0, len(present), 0
    for run in present:
        client.delete_run(run.info.run_id)
    if not claims and not shown:
        return 0, 0, len(present)
    _log(client, experiment, digest, claims, shown)
    return len(claims) + 1, 0, len(present)


def _log(
    client: "MlflowClient", experiment: str, digest: str, claims: list[Path], shown: list[Path]
) -> None:
    read = [json.loads(path.read_text(encoding="utf-8")) for path in claims]
    moment = max(int(path.stat().st_mtime * 1000) for path in [*claims, *shown])
    common = {CONTENT: digest, "mlflow.source.name": "mixot-track"}
    failed = sum(claim["verdict"] is False and claim["required"] for claim in read)
    tags = {**common, "mixot.role": "ledger", "mlflow.note.content": _table(read)}
    # The table shows the latest first, so a millisecond each puts it in the order of the claims.
    for age, (path, claim) in enumerate(zip(claims, read, strict=True), start=1):
        _log_claim(client, experiment, common, moment - age, path, claim)
    with store.opened(client, experiment, "ledger", moment, tags) as run:
        counts = {
            "claims": len(read),
            "claims_true": sum(claim["verdict"] is True for claim in read),
            "required_claims_false": failed,
        }
        client.log_batch(run, metrics=_numbers(counts, moment))
        for path in shown:
            client.log_artifact(run, str(path), path.parent.name)
        client.set_terminated(run, "FAILED" if failed else "FINISHED", moment)


def _log_claim(
    client: "MlflowClient",
    experiment: str,
    common: Mapping[str, str],
    moment: int,
    path: Path,
    claim: Mapping[str, Any],
) -> None:
    from mlflow.entities import Param

    tags = {
        **common,
        "mixot.role": "claim",
        "mixot.verdict": str(claim["verdict"]).lower(),
        "mixot.required": str(claim["required"]).lower(),
        "mlflow.note.content": f"{claim['statement']}\n\nHypotheses: {claim['hypotheses']}",
    }
    name = shorten(f"{claim['id']}: {claim['statement']}", LONGEST_NAME, placeholder=" ...")
    with store.opened(client, experiment, name, moment, tags) as run:
        client.log_batch(
            run,
            metrics=_numbers({name: claim[name] for name in NUMBERS}, moment),
            params=[Param(name, str(claim[name])[:LONGEST_VALUE]) for name in WORDS],
        )
        client.log_artifact(run, str(path))
        is_false = claim["verdict"] is False
        client.set_terminated(run, "FAILED" if is_false else "FINISHED", moment)


def _numbers(values: Mapping[str, Any], moment: int) -> list[Any]:
    from mlflow.entities import Metric

    return [
        Metric(name, float(value), moment, 0)
        for name, value in values.items()
        if isinstance(value, int | float) and math.isfinite(value)
    ]


def _table(claims: list[dict[str, Any]]) -> str:
    rows = [f"| {c['id']} | {c['verdict']} | {c['statement']} |" for c in claims]
    return "\n".join(["| claim | verdict | statement |", "|---|---|---|", *rows])


def _digest(results: Path, paths: list[Path]) -> str:
    whole = hashlib.sha256()
    for path in paths:
        whole.update(path.relative_to(results).as_posix().encode() + b"\0")
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()[:16]
