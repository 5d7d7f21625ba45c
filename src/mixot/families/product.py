"""Mixed data: independent blocks of columns, each with a family of its own.

    log p_k(x) = sum_b log p_k^b(x_b),

so that log-densities and divergences add over the blocks and the M-step is that of each block. The
parameters of block b keep their names behind "b." (`0.means`, `1.probabilities`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mixot.arrays import check_enough_points
from mixot.errors import InputError
from mixot.families.base import Domain, Family
from mixot.families.registry import get
from mixot.types import Array, Mask, Parameters, Sample

VARIANTS = ("",)


@dataclass(frozen=True, slots=True)
class Block:
    """A family and the columns that it describes."""

    family: Family
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True, init=False)
class Product:
    """Blocks of columns that are independent within a component.

    blocks: for each a family (a name or an instance), its columns, and, for a name, the family's
    options if it has any: [("gaussian-full", [0, 1]), ("student_t-diag", [2], {"df": 3})].
    """

    blocks: tuple[Block, ...]
    name: ClassVar[str] = "product"

    def __init__(self, blocks: Sequence[Sequence[object]] | None = None) -> None:
        """Build the blocks; raises InputError if they are not disjoint blocks of columns."""
        if isinstance(blocks, str) or not isinstance(blocks, Sequence) or not blocks:
            raise InputError(
                "family 'product' needs the option blocks, a list of (family, columns) such as "
                "[('gaussian-full', [0, 1]), ('bernoulli', [2, 3])]"
            )
        made = tuple(_block(b, entry) for b, entry in enumerate(blocks))
        columns = [column for block in made for column in block.columns]
        twice = sorted({column for column in columns if columns.count(column) > 1})
        if twice:
            raise InputError(
                f"the option blocks has column {twice[0]} twice; blocks must not overlap"
            )
        object.__setattr__(self, "blocks", made)

    @property
    def shared(self) -> frozenset[str]:
        """Names of the blocks' shared parameters."""
        return frozenset(
            _key(b, name) for b, block in enumerate(self.blocks) for name in block.family.shared
        )

    @property
    def latent(self) -> bool:
        """Whether a block's M-step completes the data, or is constrained."""
        return any(block.family.latent for block in self.blocks)

    @property
    def domains(self) -> Mapping[str, Domain]:
        """Those of the blocks."""
        return {
            _key(b, name): domain.prefixed(_key(b, ""))
            for b, block in enumerate(self.blocks)
            for name, domain in block.family.domains.items()
        }

    def check(self, sample: Sample, n_components: int) -> None:
        """Raise InputError if the blocks do not cover the columns, or a block refuses its own."""
        check_enough_points(sample, n_components)
        n_features = sample.points.shape[1]
        used = {column for block in self.blocks for column in block.columns}
        beyond = sorted(column for column in used if column >= n_features)
        if beyond:
            raise InputError(
                f"the option blocks names column {beyond[0]} but the points have {n_features} "
                "columns"
            )
        unused = sorted(set(range(n_features)) - used)
        if unused:
            raise InputError(
                f"points: column {unused[0]} is in no block; every column must be in exactly one"
            )
        for b, block in enumerate(self.blocks):
            part = Sample(_part(sample.points, block), sample.weights, sample.size)
            try:
                block.family.check(part, n_components)
            except InputError as error:
                listed = ", ".join(map(str, block.columns))
                raise InputError(
                    f"block {b} ({block.family.name}, whose columns 0, 1, ... are the columns "
                    f"{listed} of the points): {error}"
                ) from error

    def initial(self, sample: Sample, n_components: int) -> Parameters:
        """Give every component the one-component fits of the blocks."""
        parts = []
        for block in self.blocks:
            part = Sample(_part(sample.points, block), sample.weights, sample.size)
            parts.append(block.family.initial(part, n_components))
        return _join(parts)

    def log_density(self, points: Array, parameters: Parameters) -> Array:
        """Return log p_k(x_i), shape (n, K)."""
        total: Array | None = None
        for b, block in enumerate(self.blocks):
            own = _own(parameters, b)
            values = block.family.log_density(_part(points, block), own)
            total = values if total is None else total + values
        assert total is not None
        return total

    def statistics(self, points: Array, plan: Array, parameters: Parameters) -> Array:
        """Return the statistics of the blocks side by side, shape (K, p)."""
        return np.hstack(
            [
                block.family.statistics(_part(points, block), plan, _own(parameters, b))
                for b, block in enumerate(self.blocks)
            ]
        )

    def m_step(self, statistics: Array, parameters: Parameters) -> Parameters:
        """Return every block's M-step."""
        parts = []
        start = 0
        for b, block in enumerate(self.blocks):
            own = _own(parameters, b)
            # The statistics of no points at all are as wide as those of any.
            nothing = np.zeros((0, len(block.columns))), np.zeros((0, statistics.shape[0]))
            width = block.family.statistics(*nothing, own).shape[1]
            parts.append(block.family.m_step(statistics[:, start : start + width], own))
            start += width
        return _join(parts)

    def divergence(self, new: Parameters, old: Parameters) -> Array:
        """Return KL(p_new,k | p_old,k), the sum of the blocks'."""
        terms = [
            block.family.divergence(_own(new, b), _own(old, b))
            for b, block in enumerate(self.blocks)
        ]
        return np.asarray(np.sum(terms, axis=0))

    def regular(self, parameters: Parameters, reference: Parameters) -> Mask:
        """Say which components are proper in every block."""
        masks = [
            block.family.regular(_own(parameters, b), _own(reference, b))
            for b, block in enumerate(self.blocks)
        ]
        return np.asarray(np.all(masks, axis=0))

    def remarks(self, parameters: Parameters) -> str:
        """Say what the blocks remark, each behind its number."""
        found = []
        for b, block in enumerate(self.blocks):
            remarks = getattr(block.family, "remarks", None)
            sentence = "" if remarks is None else remarks(_own(parameters, b))
            if sentence:
                found.append(f"Block {b}: {sentence}")
        return " ".join(found)

    def sample(self, parameters: Parameters, labels: Array, rng: np.random.Generator) -> Array:
        """Draw one point for each label, block after block."""
        n_features = sum(len(block.columns) for block in self.blocks)
        points = np.empty((np.size(labels), n_features))
        for b, block in enumerate(self.blocks):
            points[:, list(block.columns)] = block.family.sample(_own(parameters, b), labels, rng)
        return points

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Count the blocks' parameters."""
        del n_features
        return sum(
            block.family.n_parameters(n_components, len(block.columns)) for block in self.blocks
        )


def make(variant: str, blocks: Sequence[Sequence[object]] | None = None) -> Product:
    """Build a product family; `blocks` is described there."""
    del variant
    return Product(blocks)


def _block(position: int, entry: Sequence[object]) -> Block:
    where = f"the option blocks: block {position}"
    if isinstance(entry, str) or not isinstance(entry, Sequence) or len(entry) not in (2, 3):
        raise InputError(f"{where} must be (family, columns) or (name, columns, options)")
    family, columns = entry[0], entry[1]
    options = entry[2] if len(entry) == 3 else {}
    if not isinstance(options, Mapping) or (options and not isinstance(family, str)):
        raise InputError(f"{where}: options must be a mapping, and only a name takes them")
    values = np.atleast_1d(np.asarray(columns))
    if values.ndim != 1 or values.size == 0 or values.dtype.kind not in "iu" or (values < 0).any():
        raise InputError(f"{where}: columns must be whole numbers >= 0, got {columns!r}")
    if isinstance(family, str):
        family = get(family, **{str(name): value for name, value in options.items()})
    return Block(family, tuple(int(column) for column in values))  # type: ignore[arg-type]


def _key(block: int, name: str) -> str:
    return f"{block}.{name}"


def _own(parameters: Parameters, block: int) -> Parameters:
    prefix = _key(block, "")
    return {
        name.removeprefix(prefix): values
        for name, values in parameters.items()
        if name.startswith(prefix)
    }


def _join(parts: Sequence[Parameters]) -> Parameters:
    return {_key(b, name): values for b, part in enumerate(parts) for name, values in part.items()}


def _part(points: Array, block: Block) -> Array:
    return np.ascontiguousarray(points[:, list(block.columns)])
