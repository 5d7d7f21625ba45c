"""What the loop asks of the place that holds the rows."""

from contextlib import AbstractContextManager
from typing import Protocol

from mixot.engines.task import Sums, Task
from mixot.families.linear import LinearForm, Moments
from mixot.types import Array


class Engine(Protocol):
    """Rows somewhere, cut by `layout`, and the sums of passes over them."""

    @property
    def form(self) -> LinearForm | None:
        """The linear form in whose frame the rows lie, if there is one."""

    @property
    def size(self) -> float:
        """Number of observations that the rows stand for."""

    def session(self) -> AbstractContextManager[None]:
        """Hold what many passes need (threads, connections) until the context ends."""

    def moments(self) -> Moments | None:
        """Return what the linear form needs to know of the rows."""

    def memo(self, n_components: int) -> dict[int, Array] | None:
        """Return an empty store for the values of one density, or None if too many to keep."""

    def run(self, task: Task) -> Sums:
        """Sweep all rows."""
