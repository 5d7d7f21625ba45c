"""What a fit is given: observations that some engine can sweep, wherever they lie."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from mixot.arrays import WeightsKind
from mixot.engines.engine import Engine
from mixot.engines.layout import cuts, part_rows
from mixot.engines.memory import Memory
from mixot.engines.stream import Stream
from mixot.engines.survey import all_joined, check, pooled, stride, survey
from mixot.engines.tables import ArrayTable, Table, Weighed, Weighing, joined, weigh
from mixot.errors import InputError
from mixot.families.base import Family, take
from mixot.families.linear import LinearForm
from mixot.types import Array, Parameters, Sample

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")


class Rows(Protocol):
    """Weighted observations, in memory or not."""

    @property
    def n_samples(self) -> int:
        """Number of rows."""

    @property
    def n_features(self) -> int:
        """Number d of columns."""

    @property
    def size(self) -> float:
        """Number of observations that the rows stand for."""

    def pooled(self, family: Family, n_components: int) -> Parameters:
        """Give every component the one-component parameters, whose scale is that of the rows.

        Raises InputError if the family cannot describe the rows.
        """

    def engine(self, form: LinearForm | None, n_components: int, n_threads: int | None) -> Engine:
        """Return the engine that sweeps the rows."""

    def slabs(self, pieces: Sequence[slice]) -> Iterator[tuple[Array, Array]]:
        """Read all rows in consecutive pieces: points (m, d) and the rows' shares (m,).

        Raises InputError where the rows do not come to this process.
        """


@dataclass(frozen=True, slots=True)
class InMemory:
    """A sample; labels: (n,) those of rows known to belong to a component, -1 for the others."""

    sample: Sample
    labels: NDArray[np.intp] | None = None

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return self.sample.points.shape[0]

    @property
    def n_features(self) -> int:
        """Number d of columns."""
        return self.sample.points.shape[1]

    @property
    def size(self) -> float:
        """Number of observations that the rows stand for."""
        return self.sample.size

    def pooled(self, family: Family, n_components: int) -> Parameters:
        """Give every component the one-component parameters; raises InputError."""
        family.check(self.sample, n_components)
        step = stride(self.n_samples, self.n_features)
        if step == 1:
            one = family.initial(self.sample, 1)
            return take(family, one, np.zeros(n_components, dtype=np.intp))
        table = ArrayTable(self.n_samples, self.sample.points, self.sample.weights)
        rows = Weighed(table, Weighing(1.0, self.n_samples, self.sample.points[0]))
        parts = cuts(slice(0, self.n_samples), part_rows(self.n_samples))
        found = survey(rows, parts, step, n_components)
        return pooled(found, family, n_components, self.size, step)

    def engine(self, form: LinearForm | None, n_components: int, n_threads: int | None) -> Engine:
        """Return the engine that sweeps the rows."""
        return Memory(self.sample, form, n_components, n_threads, self.labels)

    def slabs(self, pieces: Sequence[slice]) -> Iterator[tuple[Array, Array]]:
        """Show all rows in consecutive pieces: points (m, d) and the rows' shares (m,)."""
        for piece in pieces:
            yield self.sample.points[piece], self.sample.weights[piece]


class Elsewhere(ABC):
    """Rows that are visited part by part.

    `_visit` calls a function with groups of consecutive parts and returns the results in order.
    """

    def __init__(self, n_samples: int, n_features: int) -> None:
        self.n_samples = n_samples
        self.n_features = n_features
        self.size = float(n_samples)
        self.weighing = Weighing(None, n_samples, None)
        self.parts = cuts(slice(0, n_samples), part_rows(n_samples))

    @abstractmethod
    def engine(self, form: LinearForm | None, n_components: int, n_threads: int | None) -> Engine:
        """Return the engine that sweeps the rows."""

    @abstractmethod
    def visit(
        self,
        function: Callable[Concatenate[Weighed, Sequence[slice], Arguments], Result],
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> list[Result]:
        """Return function(rows, parts, ...) for groups of consecutive parts, in order."""

    def slabs(self, pieces: Sequence[slice]) -> Iterator[tuple[Array, Array]]:
        """Raise InputError: what belongs to single rows stays where they are."""
        del pieces
        raise InputError("rows that workers hold do not come back one by one; use their sums")

    def weigh(self, kind: WeightsKind) -> None:
        """Learn what the weights come to; raises InputError for weights that make none."""
        if kind not in ("importance", "frequency"):
            raise InputError(f"kind must be importance or frequency, got {kind!r}")
        found = self.visit(weigh, kind)
        self.weighing = joined([one for group in found for one in group])
        positive = self.weighing.n_positive
        weighted = self.weighing.total is not None and kind == "frequency"
        self.size = float(self.weighing.total or 0.0) if weighted else float(positive)

    def pooled(self, family: Family, n_components: int) -> Parameters:
        """Give every component the one-component parameters; raises InputError."""
        step = stride(self.n_samples, self.n_features)
        found = all_joined(self.visit(survey, step, n_components), n_components)
        self.visit(check, family, n_components, self.size, found.outstanding())
        return pooled(found, family, n_components, self.size, step)


class Read(Elsewhere):
    """Rows of a table that this process reads."""

    def __init__(self, table: Table, kind: WeightsKind) -> None:
        super().__init__(table.n_samples, table.n_features)
        self._table = table
        self.weigh(kind)

    def visit(
        self,
        function: Callable[Concatenate[Weighed, Sequence[slice], Arguments], Result],
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> list[Result]:
        """Return function(rows, parts, ...) for all parts at once."""
        return [function(Weighed(self._table, self.weighing), self.parts, *arguments, **options)]

    def slabs(self, pieces: Sequence[slice]) -> Iterator[tuple[Array, Array]]:
        """Read all rows in consecutive pieces: points (m, d) and the rows' shares (m,)."""
        return Weighed(self._table, self.weighing).slabs(pieces)

    def engine(self, form: LinearForm | None, n_components: int, n_threads: int | None) -> Engine:
        """Return the engine that sweeps the rows."""
        rows = Weighed(self._table, self.weighing)
        return Stream(rows, self.size, form, n_components, n_threads)


def as_rows(data: Sample | Rows) -> Rows:
    """Return what a fit was given as rows."""
    if isinstance(data, Sample):
        return InMemory(data)
    if not callable(getattr(data, "engine", None)):
        raise InputError(
            f"cannot fit to {type(data).__name__}: give what mixot.as_sample or one of "
            "mixot.engines.open_npy, open_parquet, from_dask returns"
        )
    return data
