"""The user's own points: a CSV file with a header, a Parquet file or a NumPy array.

Without a choice of columns, all but the weights' are the features. Frequencies are numbers of
repetitions and their sum is the number of observations; of importance weights only the ratios
matter. Rows of weight zero are left out.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from mixot.errors import InputError
from mixot.problems.options import whole_number
from mixot.problems.problem import Problem
from mixot.problems.tables import Selection, read_table, select


def make(
    seed: int,
    *,
    path: str | os.PathLike[str] | None = None,
    columns: Sequence[str | int] | str | int | None = None,
    weights_column: str | int | None = None,
    weights_kind: str = "importance",
    n_components: int | None = None,
) -> Problem:
    """Read the file; path and n_components must be given, and the seed has no influence."""
    del seed
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise InputError(f"path must name a .csv, .parquet or .npy file, got {path!r}")
    if n_components is None:
        raise InputError("n_components must be given for the points of a file")
    selection = Selection(columns, weights_column, weights_kind)
    sample, names = select(read_table(Path(path)), selection, os.fspath(path))
    return Problem(
        name="file",
        sample=sample,
        n_components=whole_number("n_components", n_components, at_least=1),
        families=("gaussian-full",),
        columns=names,
        description=f"the points of {Path(path).name}",
    )
