"""mixot-page: one page about the study, results/index.html, that needs nothing but itself.

    mixot-page paths.results=DIR

Shows the claims with what they rest on, the figures, and every run by its run_key, linked to its
directory. Run it after the claims and figures were made; what is missing is named on the page. The
same results give the same bytes: nothing on it tells when or where it was made.
"""

import base64
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mixot import figures, runs, statements
from mixot.claims import sentences
from mixot.pipeline import grid
from mixot.pipeline.command import check_writable, existing_folder, run, settings
from mixot.pipeline.provenance import Clock
from mixot.pipeline.rundir import replace_text
from mixot.pipeline.schema import PathsConfig
from mixot.types import Status

NAME = "mixot-page"
PAGE = "index.html"
TEMPLATES = Path(__file__).parent / "templates"


@dataclass
class PageSettings:
    """What the command can be told."""

    paths: PathsConfig = field(default_factory=PathsConfig)


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure on the page; source is empty if it was not drawn yet."""

    name: str
    caption: Any
    source: str


@dataclass(frozen=True, slots=True)
class Group:
    """The runs of one problem, family and solver: how they ended, and where they are.

    runs: one (epsilon, [(seed, run_key, status, place), ...]) per epsilon.
    """

    family: str
    solver: str
    count: int
    statuses: Mapping[str, int]
    runs: Sequence[tuple[str, Sequence[tuple[str, str, str, str]]]]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    run(NAME, _body, arguments)


def _body(arguments: list[str]) -> int:
    told = settings(PageSettings, arguments, str(__doc__))
    results = existing_folder(told.paths.results)
    check_writable(results, "paths.results")
    replace_text(results / PAGE, render(results))
    print(results / PAGE, flush=True)
    return 0


def render(results: Path) -> str:
    """Return the page about the study under `results`."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["words"] = lambda name: str(name).replace("_", " ")
    study = grid.recorded(results)
    pictures = read_pictures(results, study.figures if study else figures.names())
    claims = illustrated(read_claims(results), pictures)
    problems = read_runs(results)
    return environment.get_template("index.html.j2").render(
        study=study.name if study else None,
        study_text=_text(results / grid.RECORD),
        headline=headline(claims),
        claims=claims,
        pictures=pictures,
        sentences=sentences.judged(claims),
        problems=problems,
        total=sum(group.count for groups in problems.values() for group in groups),
        statuses=_sum(group.statuses for groups in problems.values() for group in groups),
        provenance=provenance(),
    )


def headline(claims: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Return the kind (good, bad, none) and the sentence that the page opens with."""
    if not claims:
        return "none", "No claim has been judged yet."
    # An exploratory claim reports a number and can be neither true nor false.
    judged = [c for c in claims if c["required"] and isinstance(c["verdict"], bool)]
    false = [claim["id"] for claim in judged if not claim["verdict"]]
    if false:
        names = ", ".join(false)
        return "bad", f"{len(false)} of {len(judged)} required claims are false: {names}."
    return "good", f"All {len(judged)} required claims hold."


def read_claims(results: Path) -> list[dict[str, Any]]:
    """Return the judged claims in the order of the statements, others after them by name."""
    order = {name: place for place, name in enumerate(statements.load())}
    paths = sorted(
        (results / "claims").glob("*.json"),
        key=lambda path: (order.get(path.stem, len(order)), path.stem),
    )
    found = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return [{**claim, "place": place} for place, claim in enumerate(found)]


def illustrated(
    claims: Sequence[Mapping[str, Any]], pictures: Sequence[Picture]
) -> list[dict[str, Any]]:
    """Return the claims, each with the figures whose captions name it."""
    return [
        {
            **claim,
            "figures": [
                {"name": picture.name, "title": picture.caption.title}
                for picture in pictures
                if claim["id"] in picture.caption.claims
            ],
        }
        for claim in claims
    ]


def read_pictures(results: Path, names: Sequence[str]) -> list[Picture]:
    """Return the figures in the order of their captions, as addresses that hold the image."""
    pictures = []
    for name in sorted(names, key=lambda name: figures.caption(name).position):
        path = results / "figures" / f"{name}.svg"
        source = ""
        if path.is_file():
            # As an image, so that identifiers inside one figure cannot meet those of another.
            content = base64.b64encode(path.read_bytes()).decode("ascii")
            source = f"data:image/svg+xml;base64,{content}"
        pictures.append(Picture(name, figures.caption(name), source))
    return pictures


def read_runs(results: Path) -> dict[str, list[Group]]:
    """Return every finished run by problem, then by family and solver."""
    found: dict[tuple[str, str, str], list[tuple[str, tuple[str, str, str, str]]]] = {}
    for path in runs.find(results):
        result = runs.read_result(path)
        key = (result["problem"], result["family"], result["solver"])
        place = path.relative_to(results).as_posix()
        seed = path.name.partition("~")[2]
        one = (seed, result["run_key"], result["status"], place)
        found.setdefault(key, []).append((str(result["epsilon"]), one))
    problems: dict[str, list[Group]] = {}
    for (problem, family, solver), members in sorted(found.items()):
        by_epsilon: dict[str, list[tuple[str, str, str, str]]] = {}
        for epsilon, one in members:
            by_epsilon.setdefault(epsilon, []).append(one)
        statuses = Counter(one[2] for _, one in members)
        problems.setdefault(problem, []).append(
            Group(
                family,
                solver,
                len(members),
                _ordered(statuses),
                sorted(by_epsilon.items(), key=lambda item: float(item[0])),
            )
        )
    return problems


def provenance() -> dict[str, str]:
    """Return what the page says of the code that made it: the same for the same checkout."""
    facts = Clock().provenance(NAME)
    commit = facts["git_commit"] or "not a checkout"
    return {
        "commit": commit + (" with changes" if facts["git_dirty"] else ""),
        "python": str(facts["python"]),
        **{name: str(version) for name, version in facts["versions"].items()},
        "platform": str(facts["platform"]),
    }


def number(value: Any) -> str:
    """Return a number in three digits, as people write it; a dash where there is none."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return "-"
    text = f"{value:.3g}"
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else text


def _sum(counts: Any) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return _ordered(total)


def _ordered(counts: Counter[str]) -> dict[str, int]:
    """Put counts of statuses in the order in which the statuses are declared, converged first."""
    return {str(status): counts[status] for status in Status if counts[status]}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    main()
