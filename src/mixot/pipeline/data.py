"""The data of a problem under results/data: written once, read by everything that follows.

    results/data/{problem}/seed~{seed}[~{d8}].npz    d8: what departs from the problem's defaults
    results/data/{problem}/seed~{seed}[~{d8}].key    what the file was made from

Data depend on problem, seed and options alone. The key is a hash of the options and of the code
that generates; a file whose key does not match is made again, so neither an edit of a generator nor
a half-finished write goes unnoticed. The user's own file is read each time, since it may change.
"""

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mixot import problems
from mixot.errors import InputError
from mixot.pipeline.digest import code_digest
from mixot.pipeline.keyed import is_current, sha256, stamp
from mixot.pipeline.schema import ProblemConfig
from mixot.problems import Problem

FILE = "file"
FOLDER = "data"
# These are settings of a fit, not of the data.
_NOT_DATA = ("name", "n_components")


@dataclass(frozen=True, slots=True)
class Data:
    """A problem and its place on disk.

    problem: as it is to be fitted; generated: as it is stored, with the problem's own number of
    components; options, departures: all settings in plain values, and those that are not defaults.
    """

    problem: Problem
    generated: Problem
    options: dict[str, Any]
    departures: dict[str, Any]
    path: Path
    key: str
    is_stored: bool


def load(config: ProblemConfig, seed: int, results: Path) -> Data:
    """Read the problem's data, or generate them; nothing is written.

    Raises InputError for an unknown problem or option and for data that cannot be used.
    """
    allowed = _known(config.name)
    given = _given(config, allowed)
    departures = {name: value for name, value in given.items() if value != allowed[name]}
    data_options = {k: v for k, v in departures.items() if k not in _NOT_DATA}
    key = sha256({"options": data_options, "code": _generator_digest(config.name), "seed": seed})
    path = results / FOLDER / config.name / f"{_stem(seed, data_options)}.npz"
    if config.name == FILE:
        problem = problems.load(FILE, seed, **given)
        # Where the file lies does not matter, what is in it does.
        path = path.with_name(f"{_stem(seed, {'digest': problem.digest})}.npz")
        key = problem.digest
        departures["digest"] = problem.digest
        departures.pop("path")
    elif is_current(path, key):
        problem = problems.read(path)
    else:
        problem = problems.load(config.name, seed, **data_options)
    wanted = config.n_components or problem.n_components
    if wanted != problem.n_components:
        departures["n_components"] = wanted
    options = {k: v for k, v in {**allowed, **given}.items() if k not in ("path", *_NOT_DATA)}
    return Data(
        dataclasses.replace(problem, n_components=wanted),
        problem,
        options,
        departures,
        path,
        key,
        is_current(path, key),
    )


def store(data: Data) -> None:
    """Write the data and, last, their key."""
    if data.is_stored:
        return
    problems.write(data.generated, data.path)
    stamp(data.path, data.key)


def digest(problem: Problem) -> str:
    """Return the SHA-256 of everything in the data that a run's numbers depend on.

    Besides points and weights these are the labels (for the scores) and the true weights (where
    weights are fixed).
    """
    state = hashlib.sha256(problem.digest.encode())
    if problem.labels is not None:
        state.update(problem.labels.astype("<i8").tobytes())
    if problem.truth is not None:
        state.update(problem.truth.weights.astype("<f8").tobytes())
        for name, value in sorted(problem.truth.parameters.items()):
            state.update(name.encode() + value.astype("<f8").tobytes())
    return state.hexdigest()


def _known(name: str) -> dict[str, Any]:
    """Return the options of the problem with their defaults."""
    if name not in problems.names():
        raise InputError(f"problem.name={name}: unknown; allowed: {', '.join(problems.names())}")
    return problems.options(name)


def _given(config: ProblemConfig, allowed: dict[str, Any]) -> dict[str, Any]:
    """Return the options that the configuration sets, refusing those the problem does not have."""
    defaults = ProblemConfig()
    given: dict[str, Any] = {}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if field.name == "name" or value == getattr(defaults, field.name):
            continue
        if field.name in allowed:
            given[field.name] = value
        elif field.name != "n_components":
            raise InputError(
                f"problem.{field.name}={value}: problem {config.name} has no such option; allowed: "
                f"{', '.join(f'problem.{name}' for name in sorted({*allowed, 'n_components'}))}"
            )
    if config.name == FILE:
        for name in ("path", "n_components"):
            if given.get(name) in (None, ""):
                raise InputError(
                    f"problem.{name}: problem=file needs it; allowed: problem.{name}=..."
                )
    return given


def _generator_digest(name: str) -> str:
    return code_digest(f"mixot.problems.library.{name}")


def _stem(seed: int, departures: dict[str, Any]) -> str:
    return f"seed~{seed}" + (f"~{sha256(departures)[:8]}" if departures else "")
