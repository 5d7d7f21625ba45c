"""Check what a caller gives to begin with: a mixture, labels or responsibilities."""

import numpy as np
from numpy.typing import ArrayLike

from mixot.errors import InputError
from mixot.types import Array, Mixture, Parameters

# Given numbers are often rounded when written; rows and weights this near to 1 are divided by
# their sums.
_SUM_ERROR = 1e-6


def checked_mixture(mixture: object, like: Parameters, n_components: int, origin: str) -> Mixture:
    """Return the mixture with float64 parameters shaped like those of `like`.

    Whether its components are singular is for the fit to say, as a status.
    """
    if not isinstance(mixture, Mixture):
        raise InputError(f"{origin} must be a Mixture, got {type(mixture).__name__}")
    weights = np.asarray(mixture.weights, dtype=np.float64)
    if weights.shape != (n_components,):
        raise InputError(
            f"{origin}: weights must have shape ({n_components},), got {weights.shape}"
        )
    if not np.isfinite(weights).all() or (weights < 0.0).any() or not _sums_to_one(weights):
        raise InputError(f"{origin}: weights must be finite, >= 0 and sum to 1")
    if set(mixture.parameters) != set(like):
        raise InputError(
            f"{origin}: the family's parameters are {', '.join(sorted(like))}, "
            f"got {', '.join(sorted(mixture.parameters)) or 'none'}"
        )
    parameters = {
        name: np.array(mixture.parameters[name], dtype=np.float64, order="C") for name in like
    }
    for name, values in parameters.items():
        if values.shape != like[name].shape:
            raise InputError(
                f"{origin}: {name} must have shape {like[name].shape}, got {values.shape}"
            )
        if not np.isfinite(values).all():
            raise InputError(f"{origin}: {name} must be finite")
    return Mixture(weights / weights.sum(), parameters)


def rows_of(init: ArrayLike, n_samples: int, n_components: int) -> Array:
    """Return the responsibilities (n, K) that labels (n,) or responsibilities (n, K) mean.

    A label of -1 says nothing: the row is shared by all components alike.
    """
    try:
        values = np.asarray(init, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.zeros(())
    if values.ndim not in (1, 2):
        raise InputError(
            f"init must be labels ({n_samples},) or responsibilities ({n_samples}, "
            f"{n_components}) if it is an array, got {np.shape(init)}"
        )
    rows = _from_labels if values.ndim == 1 else _from_responsibilities
    return rows(values, n_samples, n_components)


def _from_labels(labels: Array, n_samples: int, n_components: int) -> Array:
    if labels.size != n_samples:
        raise InputError(f"init: {labels.size} labels for {n_samples} observations")
    bad = ~((labels >= -1) & (labels < n_components) & (labels == np.floor(labels)))
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(
            f"init: the label of row {row} is {labels[row]:.15g}; labels must be whole numbers "
            f"from 0 to {n_components - 1}, or -1 where nothing is known"
        )
    missing = np.setdiff1d(np.arange(n_components), labels)
    if missing.size:
        raise InputError(f"init: no row has the label {missing[0]}; every component needs one")
    known = labels >= 0
    rows = np.full((n_samples, n_components), 1.0 / n_components)
    rows[known] = np.eye(n_components)[labels[known].astype(np.intp)]
    return rows


def _from_responsibilities(rows: Array, n_samples: int, n_components: int) -> Array:
    if rows.shape != (n_samples, n_components):
        raise InputError(
            f"init: responsibilities must have shape ({n_samples}, {n_components}), "
            f"got {rows.shape}"
        )
    bad = ~(np.isfinite(rows) & (rows >= 0.0)).all(axis=1)
    if bad.any():
        raise InputError(
            f"init: row {int(np.argmax(bad))} has an entry that is not finite and >= 0"
        )
    sums = rows.sum(axis=1)
    off = np.abs(sums - 1.0) > _SUM_ERROR
    if off.any():
        row = int(np.argmax(off))
        raise InputError(f"init: row {row} sums to {sums[row]:.15g}; responsibilities sum to 1")
    empty = ~rows.any(axis=0)
    if empty.any():
        raise InputError(
            f"init: component {int(np.argmax(empty))} has no mass in the responsibilities; "
            "every component needs some"
        )
    return np.asarray(rows / sums[:, None])


def _sums_to_one(values: Array) -> bool:
    return bool(abs(values.sum() - 1.0) <= _SUM_ERROR)
