"""Tables of numbers from files: reading them, and choosing points and weights from their columns.

A table is a pandas frame whatever the file; the columns of a NumPy array are called 0, 1, ...
Rows count from 0 and do not include the header. Every refusal is an InputError that opens with
the file's name.
"""

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.csv

from mixot.arrays import WeightsKind, as_sample, reads_as_number
from mixot.errors import InputError
from mixot.types import Sample


@dataclass(frozen=True, slots=True)
class Selection:
    """Which columns are points (None: all but the weights') and which one, if any, holds weights.

    Names and positions are compared by their spelling, so 0 and "0" mean the same column.
    """

    columns: Sequence[str | int] | str | int | None = None
    weights_column: str | int | None = None
    weights_kind: str = "importance"


def read_table(path: Path) -> pd.DataFrame:
    """Read a .csv, .parquet or .npy file."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            f"{path}: files of type {path.suffix or '(no suffix)'} are not supported; "
            f"allowed: {', '.join(_READERS)}"
        )
    if not path.exists():
        raise InputError(f"{path}: no such file")
    try:
        return reader(path)
    except InputError:
        raise
    # The readers' own errors for foreign bytes have no common base; all mean the same to a user.
    except Exception as error:
        reason = str(error).strip() or type(error).__name__
        raise InputError(f"{path}: cannot be read as {path.suffix.lower()}: {reason}") from error


def packaged(name: str) -> pd.DataFrame:
    """Read one of the tables that come with the package."""
    with as_file(files("mixot.problems") / "data" / name) as path:
        return _read_csv(path)


def select(
    table: pd.DataFrame, selection: Selection, origin: str
) -> tuple[Sample, tuple[str, ...]]:
    """Return the sample and the names of its columns."""
    positions = {str(name): index for index, name in enumerate(table.columns)}
    if len(positions) < table.shape[1]:
        twice = next(name for name, many in Counter(map(str, table.columns)).items() if many > 1)
        raise InputError(f"{origin}: the column name {twice!r} occurs more than once")
    weights_name = selection.weights_column
    if weights_name is None:
        weights = None
    else:
        weights = table.iloc[:, _position(weights_name, positions, origin)]
    names = _point_columns(selection, positions, origin)
    points = table.iloc[:, [_position(name, positions, origin) for name in names]]
    if selection.weights_kind not in ("importance", "frequency"):
        raise InputError(
            f"weights_kind must be importance or frequency, got {selection.weights_kind!r}"
        )
    kind: WeightsKind = "frequency" if selection.weights_kind == "frequency" else "importance"
    return as_sample(points, weights, kind, origin), names


def _point_columns(selection: Selection, positions: dict[str, int], origin: str) -> tuple[str, ...]:
    """Return the spelled names of the columns that are points."""
    weights_name = None if selection.weights_column is None else str(selection.weights_column)
    chosen = selection.columns
    if chosen is None:
        names = tuple(name for name in positions if name != weights_name)
        if not names and weights_name is not None:
            raise InputError(f"{origin}: there is no column besides the weights")
        # An empty header cell is mostly that of the row numbers in a saved frame: no feature.
        if "" in names:
            raise InputError(
                f"{origin}: column {positions['']} has no name; say which columns to use"
            )
        return names
    names = (str(chosen),) if isinstance(chosen, str | int) else tuple(str(c) for c in chosen)
    if not names:
        raise InputError("columns must name at least one column, got none")
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"columns must be different, got {name!r} more than once")
        if name == weights_name:
            raise InputError(f"column {name!r} cannot be both a feature and the weights")
    return names


def _position(name: str | int, positions: dict[str, int], origin: str) -> int:
    """Return where a column stands."""
    if str(name) not in positions:
        raise InputError(
            f"{origin}: there is no column {str(name)!r}; there are {', '.join(positions)}"
        )
    return positions[str(name)]


def _read_csv(path: Path) -> pd.DataFrame:
    """Read comma-separated values below a line of column names."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next((row for row in csv.reader(file) if row), [])
    # Without a header the first observation would silently become the names. The names 0, 1, ...
    # are what saving an array's frame writes, so these pass.
    if (
        header
        and all(map(reads_as_number, header))
        and header != [str(i) for i in range(len(header))]
    ):
        raise InputError(f"{path}: the first line must name the columns, but holds only numbers")
    # pyarrow rounds decimals correctly and refuses rows that are longer or shorter than the header.
    options = pyarrow.csv.ReadOptions(use_threads=False)
    table = pyarrow.csv.read_csv(path, read_options=options).to_pandas()
    table.columns = [str(name).strip() for name in table.columns]
    return table


def _read_parquet(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path)


def _read_npy(path: Path) -> pd.DataFrame:
    array = np.load(path, allow_pickle=False)
    if not isinstance(array, np.ndarray) or array.ndim not in (1, 2):
        raise InputError(f"{path}: must hold one array of shape (n,) or (n, d)")
    return pd.DataFrame(array)


_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": _read_csv,
    ".parquet": _read_parquet,
    ".npy": _read_npy,
}
