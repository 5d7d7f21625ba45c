"""Products of categorical variables (latent class analysis): log p_k(x) = sum_j log p_kj(x_j).

Column j holds integer codes 0 .. C_j - 1. An exponential family whose sufficient statistics are
the indicators of the codes, so the M-step is the table of weighted shares. Columns may differ in
their numbers of categories: the table is as wide as the widest, and codes that a column does not
have get probability 0. The linear form has a feature for each code up to a column's largest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mixot.arrays import check_counts, check_enough_points
from mixot.errors import InputError
from mixot.families import probabilities as chances
from mixot.families.averages import uniform_plan
from mixot.families.base import Domain
from mixot.families.linear import Coefficients, Moments, Writer
from mixot.families.linear_rows import RowsForm
from mixot.types import Array, Mask, Parameters, Sample

VARIANTS = ("",)
# A column with more distinct codes than this is rather an identifier or a count.
_MOST_INFERRED = 10_000


@dataclass(frozen=True, slots=True)
class Categorical:
    """Independent codes with `probabilities` (K, d, C), C the largest number of categories.

    categories: the number of categories of every column, or one number a column. None takes the
    largest code of the sample (of all columns together) when `initial` sees it; parameters then
    carry the number, but `n_parameters` cannot know it.
    """

    categories: int | Sequence[int] | None = None
    name: ClassVar[str] = "categorical"
    shared: ClassVar[frozenset[str]] = frozenset()
    latent: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Refuse categories that are not whole numbers >= 1; those of an array become a tuple."""
        if self.categories is None:
            return
        given = np.asarray(self.categories)
        if given.ndim > 1 or given.size == 0 or given.dtype.kind not in "iu" or (given < 1).any():
            raise InputError(
                "the option categories must be a whole number >= 1, or one a column, "
                f"got {self.categories!r}"
            )
        whole = int(given) if given.ndim == 0 else tuple(int(c) for c in given)
        object.__setattr__(self, "categories", whole)

    @property
    def domains(self) -> Mapping[str, Domain]:
        """The probabilities of a column sum to 1."""
        return {"probabilities": Domain("simplex")}

    def check(self, sample: Sample, n_components: int) -> None:
        """Raise InputError for values that are not codes of their column, or too few of them."""
        check_enough_points(sample, n_components)
        check_counts(sample.points)
        largest = sample.points.max(axis=0)
        if self.categories is None:
            if largest.max() >= _MOST_INFERRED:
                column = int(largest.argmax())
                raise InputError(
                    f"points: column {column} has the code {largest[column]:.15g}; without the "
                    f"option categories codes must be below {_MOST_INFERRED}"
                )
            return
        limits = self._categories(sample.points.shape[1])
        bad = sample.points >= limits
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise InputError(
                f"points: row {row}, column {column} is {sample.points[row, column]:.15g}; "
                f"the codes of {limits[column]} categories are 0 to {limits[column] - 1}"
            )

    def initial(self, sample: Sample, n_components: int) -> Parameters:
        """Give every component the shares of the codes; those never seen get probability 0."""
        n_features = sample.points.shape[1]
        width = 1 + int(sample.points.max())
        if self.categories is not None:
            width = int(self._categories(n_features).max())
        plan = uniform_plan(sample.weights, n_components)
        empty = {"probabilities": np.zeros((n_components, n_features, width))}
        return self.m_step(self.statistics(sample.points, plan, empty), empty)

    def log_density(self, points: Array, parameters: Parameters) -> Array:
        """Return log p_k(x_i), shape (n, K); -inf for codes of probability 0 or out of range."""
        probabilities = parameters["probabilities"]
        with np.errstate(divide="ignore"):
            table = np.log(probabilities).transpose(1, 2, 0)
        n_features, width, n_components = table.shape
        values = np.zeros((points.shape[0], n_components))
        for j in range(n_features):
            # A lookup, not a product with indicators: 0 * log 0 never arises.
            values += table[j, np.clip(points[:, j], 0, width - 1).astype(np.intp)]
        known = ((points >= 0) & (points < width) & (points == np.floor(points))).all(axis=1)
        return np.where(known[:, None], values, -np.inf)

    def statistics(self, points: Array, plan: Array, parameters: Parameters) -> Array:
        """Return (mass, mass of every code of every column), shape (K, 1 + d C)."""
        codes = np.arange(parameters["probabilities"].shape[2])
        sums = [
            plan.T @ (points[:, j, None] == codes).astype(np.float64)
            for j in range(points.shape[1])
        ]
        return np.hstack([plan.sum(axis=0)[:, None], *sums])

    def m_step(self, statistics: Array, parameters: Parameters) -> Parameters:
        """Return the weighted shares of the codes; a component without mass keeps its own."""
        old = parameters["probabilities"]
        return {"probabilities": chances.normalised(statistics[:, 1:].reshape(old.shape), old)}

    def divergence(self, new: Parameters, old: Parameters) -> Array:
        """Return KL(p_new,k | p_old,k); +inf where a possible code was impossible."""
        terms = chances.divergence(new["probabilities"], old["probabilities"])
        return np.asarray(terms.sum(axis=(1, 2)))

    def regular(self, parameters: Parameters, reference: Parameters) -> Mask:
        """Every table of finite probabilities is proper."""
        del reference
        return np.asarray(np.isfinite(parameters["probabilities"]).all(axis=(1, 2)))

    def sample(self, parameters: Parameters, labels: Array, rng: np.random.Generator) -> Array:
        """Draw one vector of codes for each label."""
        cumulative = parameters["probabilities"].cumsum(axis=2)
        # Divided by the last entry, so that rounding leaves no gap below 1 to fall into.
        steps = (cumulative / cumulative[:, :, -1:])[np.asarray(labels, dtype=np.intp)]
        uniform = rng.random(steps.shape[:2])[:, :, None]
        return (uniform >= steps).sum(axis=2).astype(np.float64)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """One probability fewer than there are categories, per component and column.

        Raises InputError without the option categories.
        """
        if self.categories is None:
            raise InputError(
                "family 'categorical' can count its parameters only with the option categories"
            )
        return n_components * int((self._categories(n_features) - 1).sum())

    def linear_form(self, reference: Parameters) -> "CategoricalForm":
        """Return the linear form on the codes up to the largest of each column of the sample."""
        width = reference["probabilities"].shape[2]
        positive = reference["probabilities"][0] > 0.0
        largest = width - 1 - positive[:, ::-1].argmax(axis=1)
        codes = np.arange(width) <= largest[:, None]
        return CategoricalForm(int(codes.sum()), codes)

    def _categories(self, n_features: int) -> Array:
        given = np.asarray(self.categories)
        if given.ndim and given.size != n_features:
            raise InputError(
                f"the option categories has {given.size} numbers but the points have "
                f"{n_features} columns"
            )
        return np.broadcast_to(given, (n_features,))


@dataclass(frozen=True, slots=True)
class CategoricalForm(RowsForm):
    """Features 1 and the indicators of the `codes` (d, C), column by column."""

    codes: Mask

    def writer(self, out: Array) -> Writer:
        """Return the function that writes 1 and the indicators into out (n_rows, m)."""
        out[0] = 1.0
        parts = []
        row = 1
        for n_codes in self.codes.sum(axis=1):
            codes = np.arange(n_codes, dtype=np.float64)[:, None]
            parts.append((codes, out[row : row + n_codes]))
            row += n_codes

        def write(framed: Array) -> None:
            for column, (codes, indicators) in zip(framed, parts, strict=True):
                np.equal(column, codes, out=indicators)

        return write

    def moments(self, framed: Array, sample_weight: Array) -> Moments:
        """Return the weights of the codes in the sample."""
        width = self.codes.shape[1]
        masses = [
            np.bincount(column.astype(np.intp), sample_weight, minlength=width) for column in framed
        ]
        return Moments(np.array(masses, dtype=np.float64)[self.codes], 0.0)

    def coefficients(self, parameters: Parameters, moments: Moments) -> Coefficients:
        """Return the coefficients of the components that exclude no code of the sample."""
        table = parameters["probabilities"]
        return chances.log_table(table[:, self.codes], table.max(axis=2), moments.sums > 0.0)

    def statistics(self, sums: Array, parameters: Parameters, moments: Moments) -> Array:
        """Return (mass, mass of every code of every column), zero for codes without a feature."""
        del parameters, moments
        masses = np.zeros((sums.shape[0], *self.codes.shape))
        masses[:, self.codes] = sums[:, 1:]
        return np.hstack([sums[:, :1], masses.reshape(sums.shape[0], -1)])


def make(variant: str, categories: int | Sequence[int] | None = None) -> Categorical:
    """Build the categorical family; `categories` is described there."""
    del variant
    return Categorical(categories)
