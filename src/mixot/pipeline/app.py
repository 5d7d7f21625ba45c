"""Hydra as the front of a command: compose, sweep, and refuse in one line.

`launch` runs a task once (`problem=faithful seed=3`) or over a grid (`-m seed=range(0,10)`),
through Hydra's own command line, sweepers and launchers. Hydra's errors become InputErrors, and
what Hydra wants to write for a sweep goes to a scratch folder that is gone afterwards, so that a
command leaves its results and nothing else.
"""

import contextlib
import io
import os
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml
from hydra import compose, initialize_config_dir
from hydra import main as hydra_main
from hydra._internal.utils import get_args_parser
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mixot.errors import InputError
from mixot.pipeline.command import refuse
from mixot.pipeline.explain import explain, first_line, split, wrong_key
from mixot.pipeline.schema import FitConfig, checked

Task = Callable[[FitConfig], float]

VERSION_BASE = "1.3"
CONFIG_NAME = "fit"
SWEEP_FOLDER = "hydra.sweep.dir"
_PATHS = ("problem.path", "paths.results", "paths.stamp")
# What conf/fit.yaml says of Hydra, for a stored configuration, which says nothing of it.
_QUIET = [
    "hydra.output_subdir=null",
    "hydra.run.dir=.",
    "hydra.sweep.subdir=.",
    "hydra/hydra_logging=none",
    "hydra/job_logging=none",
]

ConfigStore.instance().store(name="fit_schema", node=FitConfig)


def conf_folder() -> Path:
    """Return the folder of configuration files: `conf` beside this checkout's `src`.

    With `--config-dir` another folder is read, such as a run directory (`--config-name=config`);
    what is default for a run is said here all the same.
    """
    folder = Path(__file__).resolve().parents[3] / "conf"
    if not (folder / f"{CONFIG_NAME}.yaml").is_file():
        raise InputError(
            f"no configuration in {folder}; allowed: --config-dir=FOLDER of a checkout"
        )
    return folder


def read_config(composed: DictConfig) -> FitConfig:
    """Turn what Hydra composed into checked dataclasses."""
    whole = OmegaConf.merge(OmegaConf.structured(FitConfig), composed)
    for key in sorted(str(key) for key in OmegaConf.missing_keys(whole)):
        raise InputError(f"{key}: a value is needed")
    config = OmegaConf.to_object(whole)
    assert isinstance(config, FitConfig)
    return checked(config)


def launch(name: str, task: Task, arguments: list[str]) -> None:
    """Run `task` on every configuration that the arguments name.

    Raises InputError for what cannot be composed. A configuration that the task itself
    refuses ends the command `name` there and then; other exceptions of a task are raised after all
    configurations were tried.
    """
    known, folder, options = _parse(arguments)
    overrides = list(known.overrides)

    def guarded(composed: DictConfig) -> float:
        try:
            return task(read_config(composed))
        except InputError as error:
            # SystemExit passes through Hydra, which would add lines of its own to an Exception.
            refuse(name, str(error))

    with _one_line_errors(overrides):
        _refuse_unknown(overrides, folder, known.multirun)
        _shared(overrides, folder, known.config_name or CONFIG_NAME)
        with tempfile.TemporaryDirectory(prefix="mixot-sweep-") as scratch:
            given = any(split(override)[0] == SWEEP_FOLDER for override in overrides)
            extra = [] if given else [f"{SWEEP_FOLDER}={scratch}"]
            extra += [] if folder == conf_folder() else _QUIET
            with _process_arguments([*options, *overrides, *extra]):
                hydra_main(
                    version_base=VERSION_BASE, config_path=str(folder), config_name=CONFIG_NAME
                )(guarded)()


def shared(arguments: list[str]) -> FitConfig | None:
    """Return what all configurations of a launch have in common, None if it only printed them.

    A sweep may run in other processes; this is how its caller learns where results went.
    """
    known, folder, _ = _parse(arguments)
    if known.cfg or known.info or known.hydra_help or known.help:
        return None
    with _one_line_errors(known.overrides):
        return _shared(known.overrides, folder, known.config_name or CONFIG_NAME)


def _parse(arguments: list[str]) -> tuple[Namespace, Path, list[str]]:
    """Return what Hydra's parser makes of the arguments, the configuration folder, the options.

    Hydra's own parser stumbles over an option between overrides; here they may come in any order.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            known = get_args_parser().parse_intermixed_args(arguments)
    except SystemExit as error:
        if not error.code:
            raise
        line = said.getvalue().strip().splitlines()[-1].partition("error: ")[2]
        raise InputError(f"{line}; allowed: key=value, -m, --help") from error
    options = [argument for argument in arguments if argument not in known.overrides]
    known.overrides = [_quoted(override) for override in known.overrides]
    if known.config_dir is None:
        return known, conf_folder(), options
    folder = Path(known.config_dir).absolute()
    name = f"{known.config_name or CONFIG_NAME}.yaml"
    if not (folder / name).is_file():
        raise InputError(
            f"--config-dir={known.config_dir}: has no {name}; allowed: a folder with it"
        )
    # A stored configuration leaves out what is not about numbers, so it has to be added.
    known.overrides = [f"++{override.lstrip('+')}" for override in known.overrides]
    return known, folder, options


def _quoted(override: str) -> str:
    """Quote the value of a path that Hydra's grammar would not take as it stands."""
    key, value = split(override)
    if key not in _PATHS or not set(value) & set("~=()[]{}'\" "):
        return override
    if value[:1] in ("'", '"') and value[-1:] == value[:1]:
        return override
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{key}='{escaped}'"


def _refuse_unknown(overrides: list[str], folder: Path, multirun: bool) -> None:
    """Refuse keys and options that do not exist, and several values where one is meant."""
    several = multirun or any(
        split(override)[0] in ("sweep", "hydra.mode") for override in overrides
    )
    for line in overrides:
        key, value = split(line)
        try:
            (override,) = OverridesParser.create().parse_overrides([line])
        except OverrideParseException:
            raise InputError(f"{line}: cannot be read; allowed: key=value") from None
        if key.startswith("hydra"):
            continue
        unknown = wrong_key(FitConfig, key, value)
        # conf has groups of other commands as well.
        is_group = unknown is None or key in ("sweep", "local")
        options = sorted(path.stem for path in (folder / key).glob("*.yaml")) if is_group else []
        if unknown and not options:
            raise InputError(unknown)
        if override.is_sweep_override():
            if not several:
                raise InputError(f"{line}: several values; allowed: one value, or -m for a sweep")
            chosen = [text.strip("'\"") for text in override.sweep_string_iterator()]
        else:
            chosen = [value.strip("'\"")]
        wrong = [option for option in chosen if option not in options]
        if options and wrong:
            raise InputError(f"{key}={wrong[0]}: unknown; allowed: {', '.join(options)}")


def _shared(overrides: list[str], folder: Path, config_name: str) -> FitConfig:
    """Compose without what is swept: refuses early, and says where results go."""
    fixed = [
        str(override.input_line)
        for override in OverridesParser.create().parse_overrides(overrides)
        if not override.is_sweep_override() and not override.get_key_element().startswith("hydra")
    ]
    with initialize_config_dir(version_base=VERSION_BASE, config_dir=str(folder)):
        composed = compose(config_name=config_name, overrides=fixed)
    GlobalHydra.instance().clear()
    config = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(FitConfig), composed))
    assert isinstance(config, FitConfig)
    return config


@contextlib.contextmanager
def _one_line_errors(overrides: list[str]) -> Iterator[None]:
    """Turn errors of composition into InputErrors."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # makes Hydra raise instead of printing and exiting
    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        raise InputError(explain(error, FitConfig, overrides)) from error
    except yaml.YAMLError as error:
        raise InputError(f"a configuration file cannot be read: {first_line(error)}") from error


@contextlib.contextmanager
def _process_arguments(arguments: list[str]) -> Iterator[None]:
    """Let Hydra, which reads the process's arguments, read these."""
    kept = sys.argv
    sys.argv = [kept[0], *arguments]
    try:
        yield
    finally:
        sys.argv = kept
