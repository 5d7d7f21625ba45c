"""Where the sweep runs: places that hold the rows and return additive sums."""

from mixot.engines.engine import Engine
from mixot.engines.memory import Memory, available_threads
from mixot.engines.task import Density, Sums, Task

__all__ = ["Density", "Engine", "Memory", "Sums", "Task", "available_threads"]
