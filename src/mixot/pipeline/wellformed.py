"""Whether a study file is well formed: by its schema, then by whether its names exist.

The first thing that is wrong is said in one line with its place, its value and what is allowed.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from mixot.errors import InputError
from mixot.pipeline import catalogue
from mixot.pipeline.schema import HARD_PLANS

SCHEMA = catalogue.REPOSITORY / "workflow" / "schemas" / "study.schema.yaml"
ALL = "all"


def check(where: str, study: Any) -> None:
    """Raise InputError, opening with `where`, unless a study file with these contents is fine."""
    schema = Draft202012Validator(catalogue.read_yaml(SCHEMA))
    error = best_match(schema.iter_errors(study))
    if error is not None:
        raise InputError(f"{where}: {_in_words(error)}")
    _check_names(where, study)


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


def _check_names(where: str, study: Mapping[str, Any]) -> None:
    """Refuse names that do not exist, hard solvers at a temperature, evidence without fits."""
    grids, evidence = study["grids"], study["evidence"]
    names = [grid["name"] for grid in grids]
    if len(set(names)) < len(names):
        raise InputError(f"{where}: grids={names}: two of one name; allowed: different names")
    for grid in grids:
        place = f"{where}: grids.{grid['name']}"
        _check_problems(f"{place}.problems", grid["problems"])
        _check_known(f"{place}.solvers", grid["solvers"], catalogue.solver_names())
        hard = [name for name in grid["solvers"] if catalogue.plan_of(name) in HARD_PLANS]
        if hard and grid["epsilons"] != ["1"]:
            raise InputError(
                f"{place}.solvers={hard[0]}: is the limit epsilon 0; "
                'allowed: in a grid whose only epsilon is "1"'
            )
    _check_known(f"{where}: evidence", evidence, catalogue.evidence_names())
    fitted = {
        (problem, family)
        for grid in grids
        for problem, families in grid["problems"].items()
        for family in families
    }
    for experiment, problems in evidence.items():
        _check_problems(f"{where}: evidence.{experiment}", problems)
        for problem, families in problems.items():
            for family in families:
                if (problem, family) not in fitted:
                    raise InputError(
                        f"{where}: evidence.{experiment}.{problem}={family}: nothing is fitted; "
                        "allowed: a problem and family of a grid"
                    )
    for key, known in (
        ("experiments", catalogue.experiment_names()),
        ("claims", catalogue.claim_ids()),
        ("figures", catalogue.figure_names()),
    ):
        if study[key] != ALL:
            _check_known(f"{where}: {key}", study[key], known)


def _check_problems(place: str, problems: Mapping[str, list[str]]) -> None:
    _check_known(place, problems, catalogue.problem_names())
    for problem, families in problems.items():
        _check_known(f"{place}.{problem}", families, catalogue.family_names())


def _check_known(place: str, given: Iterable[str], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise InputError(f"{place}={name}: unknown; allowed: {', '.join(known)}")
