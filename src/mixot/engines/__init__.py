"""Where the sweep runs: places that hold the rows and return additive sums."""

from mixot.engines.engine import Engine
from mixot.engines.memory import Memory
from mixot.engines.rows import Rows, as_rows
from mixot.engines.sources import from_dask, open_npy, open_parquet
from mixot.engines.task import Density, Sums, Task
from mixot.engines.threads import available_threads

__all__ = [
    "Density",
    "Engine",
    "Memory",
    "Rows",
    "Sums",
    "Task",
    "as_rows",
    "available_threads",
    "from_dask",
    "open_npy",
    "open_parquet",
]
