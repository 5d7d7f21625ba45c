"""mixot-experiment: run experiments that stand by themselves (conf/experiment).

    mixot-experiment experiments=[noise_level]
    mixot-experiment experiments=[noise_level] effort=smoke
    mixot-experiment experiments=[noise_level] options.seeds=20 paths.results=DIR

Writes results/evidence/{experiment}/, by default of every experiment; what is there already is kept
if neither the code nor the settings have changed. effort: full, or smoke for the small one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mixot import experiments
from mixot.errors import InputError
from mixot.experiments.outcome import SERIES
from mixot.pipeline import catalogue
from mixot.pipeline.command import check_writable, run, settings
from mixot.pipeline.keyed import is_current, sha256, stamp
from mixot.pipeline.schema import PathsConfig

NAME = "mixot-experiment"


@dataclass
class ExperimentSettings:
    """What the command can be told; experiments: null means all; options: of a single one."""

    experiments: list[str] | None = None
    effort: str = "full"
    options: dict[str, Any] = field(default_factory=dict)
    paths: PathsConfig = field(default_factory=PathsConfig)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    run(NAME, _body, arguments)


def _body(arguments: list[str]) -> int:
    told = settings(ExperimentSettings, arguments, str(__doc__))
    results = Path(told.paths.results).absolute()
    check_writable(results, "paths.results")
    if told.effort not in catalogue.EFFORTS:
        raise InputError(f"effort={told.effort}: unknown; allowed: {', '.join(catalogue.EFFORTS)}")
    names = told.experiments or list(catalogue.experiment_names())
    for name in names:
        if name not in catalogue.experiment_names():
            known = ", ".join(catalogue.experiment_names())
            raise InputError(f"experiments={name}: unknown; allowed: {known}")
    if told.options and len(names) != 1:
        raise InputError("options: belong to one experiment; allowed: with experiments=[NAME]")
    chosen = {name: configured(name, told.effort, told.options) for name in names}
    for name, options in chosen.items():
        _write(name, options, results)
    return 0


def configured(name: str, effort: str, changes: Mapping[str, Any]) -> Any:
    """Return the options of an experiment at an effort; raises InputError for what it has not."""
    path, values = catalogue.experiment_path(name), catalogue.experiment(name)
    kind = import_module(f"{experiments.__name__}.{name}").Options
    merged = OmegaConf.structured(kind)
    known = ", ".join(sorted(str(key) for key in merged))
    smaller = values["smoke"] if effort == "smoke" else {}
    for where, given in ((path, values["full"]), (path, smaller), ("options", changes)):
        try:
            merged = OmegaConf.merge(merged, given or {})
        except OmegaConfBaseException as error:
            what = str(error).splitlines()[0]
            raise InputError(f"{where}: {what}; options of {name}: {known}") from error
    read = OmegaConf.to_object(merged)
    assert isinstance(read, kind)
    return read


def _write(name: str, options: Any, results: Path) -> None:
    """Run one experiment, unless that has been done."""
    path = results / "evidence" / name / SERIES
    key = sha256({"code": catalogue.experiment_digest(name), "options": asdict(options)})
    if is_current(path, key):
        print(f"{path.parent.relative_to(results)}: kept", flush=True)
        return
    outcome = import_module(f"{experiments.__name__}.{name}").run(options)
    experiments.write(outcome, results, name)
    stamp(path, key)
    print(f"{path.parent.relative_to(results)}: {len(outcome.records)} records", flush=True)


if __name__ == "__main__":
    main()
