"""What every mixot-* command shares: one BLAS thread, key=value settings, one-line refusals.

A command is a function that takes the list of arguments and returns an exit code. `run` gives it
the common behaviour: 0 done, 1 a result that must not pass (a false claim, an unexpected error in a
fit), 2 a request that cannot be served, said in one line on stderr and nothing written.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from mixot.errors import InputError

Settings = TypeVar("Settings")

REFUSED = 2
INTERRUPTED = 130
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


def pin_blas_to_one_thread() -> None:
    """Use one BLAS thread in this process and in those that it starts.

    Factorisations differ in their last bits between one thread and two. The variables reach
    libraries that are not loaded yet; threadpoolctl reaches those that are.
    """
    for name in _THREAD_VARIABLES:
        os.environ[name] = "1"
    from threadpoolctl import threadpool_limits

    import_module("numpy")  # loads BLAS, so that the limit finds it
    threadpool_limits(limits=1)


def run(name: str, body: Callable[[list[str]], int], arguments: Sequence[str] | None) -> NoReturn:
    """Run the command `name` and exit with its code; arguments default to those of the process."""
    try:
        pin_blas_to_one_thread()
        code = body(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except InputError as error:
        refuse(name, str(error))
    except BrokenPipeError:
        # Whoever read our output has gone; say nothing more on a closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except OSError as error:
        if error.filename is None:
            raise
        refuse(name, f"{error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        sys.stderr.write(f"{name}: interrupted; the same command goes on from here\n")
        code = INTERRUPTED
    sys.exit(code)


def refuse(name: str, line: str) -> NoReturn:
    """Print the one line that says why and exit with code 2."""
    sys.stderr.write(f"{name}: error: {' '.join(line.split())}\n")
    sys.exit(REFUSED)


def settings(kind: type[Settings], arguments: Sequence[str], usage: str) -> Settings:
    """Read `key=value` arguments into the dataclass `kind`, typed and with unknown keys refused.

    Prints `usage` and exits for --help. Raises InputError with the key, the value and what is
    allowed.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    from mixot.pipeline.explain import missing_key, wrong_key, wrong_value

    if "-h" in arguments or "--help" in arguments:
        sys.stdout.write(usage.strip() + "\n")
        sys.exit(0)
    schema = OmegaConf.structured(kind)
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if not equals or not key or key.startswith("-"):
            raise InputError(f"{argument}: not understood; allowed: key=value")
        try:
            OmegaConf.select(schema, key)
            schema = OmegaConf.merge(schema, OmegaConf.from_dotlist([argument]))
        except OmegaConfBaseException as error:
            line = wrong_key(kind, key, value) or wrong_value(kind, key, value, error)
            raise InputError(line) from error
    absent = sorted(str(key) for key in OmegaConf.missing_keys(schema))
    if absent:
        raise InputError(missing_key(kind, absent[0]))
    read: Any = OmegaConf.to_object(schema)
    assert isinstance(read, kind)
    return read


def check_writable(folder: Path, where: str) -> None:
    """Refuse a results folder that cannot be written or made; nothing is made here."""
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        # Asking for permission is not enough: some file systems refuse even root.
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        raise InputError(
            f"{where}={folder}: cannot be written ({error.strerror}); allowed: a folder to write to"
        ) from error


def existing_folder(path: str | Path, where: str = "paths.results") -> Path:
    """Return `path`, absolute; refuse one that is not there."""
    folder = Path(path).absolute()
    if not folder.is_dir():
        raise InputError(
            f"{where}={path}: no such folder; allowed: the folder of a study's results"
        )
    return folder
