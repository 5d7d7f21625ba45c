"""From records of evidence to a verdict: the one place where true and false are decided.

A claim has parts, each a quantity that the experiments recorded, with a bound that it must not
exceed (or must reach). It holds if every gated part holds. A part fails if a statistic is missing
or not a number, or if it covers too few problems, in all or in one of the states it must cover.

Its negative controls are the same quantities computed under a deliberate mistake: one must miss its
bound by a factor, 100 unless the control says otherwise. Problems on which a control does not do so
are listed; a control that does so nowhere proves that the check has no power, and the claim is then
false.

Statistics are errors that the experiments have already divided by max(1, |value|).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mixot.statements import Statement

Record = Mapping[str, Any]
Verdict = bool | Literal["exploratory"]

MINIMUM_PROBLEMS = 5
OFF_FIXED_POINT = frozenset({"start", "iteration 1", "iteration 10", "dirichlet"})
# By how much a deliberate mistake must exceed the bound before it counts as noticed.
CONTROL_FACTOR = 100.0


@dataclass(frozen=True, slots=True)
class Part:
    """One quantity of a claim and its bound; without a bound it is reported and not gated.

    at_least: the statistic must reach the bound in at least one record of every problem and seed,
    instead of staying below it in all records. states: those in each of which enough problems must
    have been examined.
    """

    quantity: str
    what: str
    tolerance: float | None = None
    at_least: bool = False
    states: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Control:
    """A deliberate mistake, recorded under `name` beside the records of `quantity`.

    factor: how many times over it must miss the bound; 1 where the bound is statistical, and more
    replicates are all that would make a miss larger.
    """

    name: str
    quantity: str
    what: str
    factor: float = CONTROL_FACTOR


@dataclass(frozen=True, slots=True)
class Rule:
    """What a claim consists of; the headline is the gated part with the smallest margin.

    problems: how many it takes where that is not the study's to say: a statement about one data
    set needs that one, and settings of an experiment are counted as its problems.
    """

    parts: tuple[Part, ...]
    controls: tuple[Control, ...] = ()
    problems: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A part, judged."""

    part: Part
    statistic: float
    verdict: Verdict
    problems: int
    records: int
    reasons: tuple[str, ...]

    @property
    def margin(self) -> float:
        """How many times over the bound is met; below 1 it is missed."""
        tolerance = self.part.tolerance
        if tolerance is None or math.isnan(self.statistic):
            return math.nan
        over, under = (
            (self.statistic, tolerance) if self.part.at_least else (tolerance, self.statistic)
        )
        return math.inf if under == 0 else over / under

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, null where there is no number."""
        return {
            "quantity": self.part.quantity,
            "what": self.part.what,
            "statistic": _plain(self.statistic),
            "tolerance": self.part.tolerance,
            "sense": "at least" if self.part.at_least else "at most",
            "margin": _plain(self.margin),
            "verdict": self.verdict,
            "problems": self.problems,
            "records": self.records,
        }


@dataclass(frozen=True, slots=True)
class ControlFinding:
    """A control, judged: `statistic` is the smallest miss where it discriminates, else the largest.

    verdict is what the ledger would have said of the mistake: False is what is wanted.
    """

    control: Control
    statistic: float
    verdict: bool
    discriminating_on: tuple[str, ...]
    not_discriminating_on: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "what": self.control.what,
            "quantity": self.control.quantity,
            "statistic": _plain(self.statistic),
            "verdict": self.verdict,
            "discriminating_on": list(self.discriminating_on),
            "not_discriminating_on": list(self.not_discriminating_on),
        }


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement with its verdict and what it rests on."""

    statement: Statement
    verdict: Verdict
    headline: Finding | None
    findings: tuple[Finding, ...]
    controls: tuple[ControlFinding, ...]
    evidence: tuple[str, ...]
    n: Mapping[str, int]
    reasons: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; null stands for a number that does not exist."""
        head = self.headline
        weakest = min(self.controls, key=_power, default=None)
        return {
            "id": self.statement.id,
            "group": self.statement.group,
            "statement": self.statement.sentence,
            "source": self.statement.source,
            "hypotheses": self.statement.hypotheses,
            "required": self.statement.required,
            "timed": self.statement.timed,
            "statistic": _plain(head.statistic) if head else None,
            "tolerance": head.part.tolerance if head else None,
            "margin": _plain(head.margin) if head else None,
            "verdict": self.verdict,
            "negative_control": weakest.as_dict() if weakest else None,
            "controls": [control.as_dict() for control in self.controls],
            "parts": [finding.as_dict() for finding in self.findings],
            "evidence": list(self.evidence),
            "n": dict(self.n),
            "reasons": list(self.reasons),
        }


def judge(
    statement: Statement,
    rule: Rule,
    records: Sequence[Record],
    minimum: int = MINIMUM_PROBLEMS,
) -> Claim:
    """Judge `statement` by `rule` on the records that name it, on at least `minimum` problems."""
    mine = [record for record in records if record["claim"] == statement.id]
    minimum = minimum if rule.problems is None else rule.problems
    findings = tuple(_find(part, mine, minimum) for part in rule.parts)
    controls = tuple(_find_control(control, rule, mine) for control in rule.controls)
    reasons = [reason for finding in findings for reason in finding.reasons]
    reasons += [
        f"control {control.control.name} misses its bound on no problem"
        for control in controls
        if control.verdict
    ]
    gated = [finding for finding in findings if finding.part.tolerance is not None]
    if not mine:
        reasons.append("no evidence")
    verdict: Verdict = "exploratory" if mine and not gated else not reasons
    return Claim(
        statement=statement,
        verdict=verdict,
        headline=min(gated or findings, key=_tightness, default=None),
        findings=findings,
        controls=controls,
        evidence=tuple(sorted({_sides(record) for record in mine})),
        n={
            "problems": len({record["problem"] for record in mine}),
            "seeds": len({record["seed"] for record in mine}),
            "records": len(mine),
        },
        reasons=tuple(reasons),
    )


def _find(part: Part, records: Sequence[Record], minimum: int) -> Finding:
    mine = [record for record in records if record["quantity"] == part.quantity]
    problems = {record["problem"] for record in mine}
    statistic = _reach(mine) if part.at_least else _worst(mine)
    gated = part.tolerance is not None
    reasons = []
    if gated:
        if len(problems) < minimum:
            reasons.append(f"{part.quantity}: {len(problems)} problems, {minimum} needed")
        for state in sorted(part.states):
            seen = {record["problem"] for record in mine if record["state"] == state}
            if len(seen) < minimum:
                reasons.append(f"{part.quantity}: {len(seen)} problems at {state}, not {minimum}")
        if mine and not _holds(part, statistic):
            where = _where(part, mine)
            reasons.append(
                f"{part.quantity}: {statistic:.3g} is not "
                f"{'>=' if part.at_least else '<='} {part.tolerance:.3g}{where}"
            )
    verdict: Verdict = not reasons if gated else "exploratory"
    return Finding(part, statistic, verdict, len(problems), len(mine), tuple(reasons))


def _find_control(control: Control, rule: Rule, records: Sequence[Record]) -> ControlFinding:
    """Per problem and seed the largest miss over states, per problem the smallest over seeds."""
    tolerance = next(part.tolerance for part in rule.parts if part.quantity == control.quantity)
    if tolerance is None:
        raise ValueError(
            f"control {control.name} belongs to {control.quantity}, which has no bound"
        )
    mine = [record for record in records if record["quantity"] == control.quantity]
    misses: dict[str, dict[tuple[str, int], float]] = {}
    for record in mine:
        runs = misses.setdefault(record["problem"], {})
        key = (record["family"], record["seed"])
        miss = _number((record.get("control") or {}).get(control.name))
        runs[key] = max(runs.get(key, 0.0), 0.0 if math.isnan(miss) else miss)
    weakest = {problem: min(runs.values()) for problem, runs in misses.items()}
    noticed = {p: m for p, m in weakest.items() if m > control.factor * tolerance}
    return ControlFinding(
        control=control,
        statistic=min(noticed.values()) if noticed else max(weakest.values(), default=math.nan),
        verdict=not noticed,
        discriminating_on=tuple(sorted(noticed)),
        not_discriminating_on=tuple(sorted(set(weakest) - set(noticed))),
    )


def _worst(records: Iterable[Record]) -> float:
    """Return the largest statistic; not a number as soon as one is not."""
    values = [_number(record["statistic"]) for record in records]
    if not values or any(math.isnan(value) for value in values):
        return math.nan
    return max(values)


def _reach(records: Iterable[Record]) -> float:
    """Return the smallest over problems, families and seeds of the largest over states."""
    groups: dict[tuple[str, str, int], list[Record]] = {}
    for record in records:
        key = (record["problem"], record["family"], record["seed"])
        groups.setdefault(key, []).append(record)
    worsts = [_worst(group) for group in groups.values()]
    return math.nan if any(math.isnan(w) for w in worsts) else min(worsts, default=math.nan)


def _holds(part: Part, statistic: float) -> bool:
    assert part.tolerance is not None
    return statistic >= part.tolerance if part.at_least else statistic <= part.tolerance


def _where(part: Part, records: Sequence[Record]) -> str:
    """Name the record that is to blame; without a number first, then the largest."""
    if part.at_least:
        return ""
    bad = max(records, key=lambda r: _rank(_number(r["statistic"])))
    return f" ({bad['problem']}, {bad['family']}, seed {bad['seed']}, {bad['state']})"


def _rank(value: float) -> float:
    return math.inf if math.isnan(value) else value


def _tightness(finding: Finding) -> float:
    """Order findings, false ones first and then by margin: the first explains the verdict."""
    margin = -1.0 if math.isnan(finding.margin) else finding.margin
    return margin if finding.verdict is not False else min(margin, 1.0) - 2.0


def _power(control: ControlFinding) -> tuple[bool, float]:
    return (not control.verdict, _rank(control.statistic))


def _sides(record: Record) -> str:
    return f"{record['quantity']}: {record['left']} | {record['right']}"


def _number(value: Any) -> float:
    """Read a recorded number; what is not there is not a number."""
    return float(value) if isinstance(value, int | float) else math.nan


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
