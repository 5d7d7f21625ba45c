"""mixot-manifest: the SHA-256 of every deterministic file of a results folder.

    mixot-manifest paths.results=DIR

Writes results/MANIFEST.sha256, in the format of sha256sum and sorted by path. Two executions of a
study on one machine agree in it to the byte. Logs, provenance, the dashboard's database and stamps
differ from one execution to the next and are left out, and so are measurements of seconds and
memory, with the claims and figures about them.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from mixot import figures, runs, statements
from mixot.pipeline import catalogue
from mixot.pipeline.command import check_writable, existing_folder, run, settings
from mixot.pipeline.rundir import replace_text
from mixot.pipeline.schema import PathsConfig

NAME = "mixot-manifest"
FILE = "MANIFEST.sha256"
_PATTERNS = (
    "study.yaml",
    "data/*/*.npz",
    *(f"{runs.FITS}/*/*/*/*/*/{name}" for name in runs.DETERMINISTIC),
    "evidence/*/*/*.jsonl",
    "claims/*.json",
    # Not the sentences, some of which rest on measured seconds.
    "tables/claims.csv",
    "figures/*.svg",
    "figures/*.png",
)


@dataclass
class ManifestSettings:
    """What the command can be told."""

    paths: PathsConfig = field(default_factory=PathsConfig)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    run(NAME, _body, arguments)


def _body(arguments: list[str]) -> int:
    told = settings(ManifestSettings, arguments, str(__doc__))
    results = existing_folder(told.paths.results)
    check_writable(results, "paths.results")
    lines = list(manifest(results))
    replace_text(results / FILE, "".join(f"{line}\n" for line in lines))
    print(f"{FILE}: {len(lines)} files", flush=True)
    return 0


def manifest(results: Path) -> Iterator[str]:
    """Yield a line for every deterministic file, sorted by path."""
    timed = _timed()
    found = (path.relative_to(results) for pattern in _PATTERNS for path in results.glob(pattern))
    finished = (path for path in found if not any(part.startswith(".") for part in path.parts))
    for path in sorted(finished, key=Path.as_posix):
        if any((path.parts[0], Path(part).stem) in timed for part in path.parts[1:2]):
            continue
        digest = hashlib.sha256((results / path).read_bytes()).hexdigest()
        yield f"{digest}  {path.as_posix()}"


def _timed() -> set[tuple[str, str]]:
    """Return the folder and the name of everything that rests on measured seconds or memory."""
    claims = {("claims", name) for name, one in statements.load().items() if one.timed}
    drawn = {("figures", name) for name in figures.names() if figures.caption(name).timed}
    experiments = {
        ("evidence", name)
        for name in catalogue.experiment_names()
        if catalogue.experiment(name)["timed"]
    }
    return claims | drawn | experiments


if __name__ == "__main__":
    main()
