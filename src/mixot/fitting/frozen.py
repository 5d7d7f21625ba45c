"""M-steps that leave some parameters as they are: the best others, given these.

Components do not depend on each other, so that frozen ones are simply put back. Parameters of one
component do: the best covariance about a mean that stays is not the one about the mean that would
have come. What depends on what is a property of the family:

| family | |
|---|---|
| Gaussian, Student | moments are about the current means: if these stay, the first ones are 0 |
| gamma | rate = shape / mean; given the rate, digamma(shape) = E log x + log rate |
| von Mises-Fisher | given the direction, A(concentration) = mean of <mu, x>, or 0 if that is < 0 |
| multinomial, families with one parameter | nothing |
"""

from collections.abc import Callable

import numpy as np
from scipy.special import digamma, polygamma

from mixot.errors import InputError
from mixot.families.averages import occupied
from mixot.families.base import Family
from mixot.families.bessel import inverse_ratio
from mixot.types import Array, Mask, Parameters

_NEWTON_STEPS = 50
Conditional = Callable[[Family, Array, Parameters, frozenset[str]], Parameters]


def constrained_m_step(
    family: Family,
    statistics: Array,
    old: Parameters,
    parameters: frozenset[str],
    components: Mask,
) -> Parameters:
    """Return the M-step in which named parameters, and all of marked components (K,), stay."""
    moved = _m_step(family, statistics, old, parameters)
    if not components.any():
        return moved
    return {
        name: values
        if name in family.shared
        else np.where(components.reshape((-1,) + (1,) * (values.ndim - 1)), old[name], values)
        for name, values in moved.items()
    }


def check_separable(family: Family, names: frozenset[str], every: frozenset[str]) -> None:
    """Raise InputError if the family's other parameters have no known M-step given `names`."""
    if family.name == "product":
        for b, block in enumerate(getattr(family, "blocks", ())):
            check_separable(block.family, _own_names(names, b), _own_names(every, b))
    elif names and names < every and family.name.partition("-")[0] not in _CONDITIONAL:
        raise InputError(
            f"frozen_parameters: family {family.name!r} has no M-step for its other parameters "
            f"given {', '.join(sorted(names))}: freeze all of {', '.join(sorted(every))}"
        )


def _m_step(
    family: Family, statistics: Array, old: Parameters, names: frozenset[str]
) -> Parameters:
    if names >= set(old):
        return old
    if not names:
        return family.m_step(statistics, old)
    stem = family.name.partition("-")[0]
    return {**_CONDITIONAL[stem](family, statistics, old, names), **_only(old, names)}


def _moments(
    family: Family, statistics: Array, old: Parameters, names: frozenset[str]
) -> Parameters:
    if "means" in names:
        # First moments lie before the second ones, behind the mass (and two sums of scales).
        first = 3 if family.latent else 1
        statistics = statistics.copy()
        statistics[:, first : first + old["means"].shape[1]] = 0.0
    return family.m_step(statistics, old)


def _gamma(family: Family, statistics: Array, old: Parameters, names: frozenset[str]) -> Parameters:
    del family
    some = occupied(statistics)[:, None]
    average = statistics[:, 1:] / np.where(some, statistics[:, :1], 1.0)
    shapes = old["shapes"]
    n_features = shapes.shape[1]
    change, loss = average[:, :n_features], average[:, n_features : 2 * n_features]
    if "shapes" in names:
        ratio = np.where(some, average[:, 2 * n_features :], 1.0)
        return {"shapes": shapes, "rates": old["rates"] / ratio}
    # With c = x / m - 1 about the old mean m: E log x + log rate = log shape + E log(1 + c).
    best = _inverse_digamma(np.log(shapes) + change - loss)
    return {"shapes": np.where(some, best, shapes), "rates": old["rates"]}


def _direction(
    family: Family, statistics: Array, old: Parameters, names: frozenset[str]
) -> Parameters:
    moved = family.m_step(statistics, old)
    if "directions" not in names:
        return moved
    some = occupied(statistics)
    gaps = statistics[:, -1] / np.where(some, statistics[:, 0], 1.0)
    order = 0.5 * old["directions"].shape[1] - 1.0
    concentrations = inverse_ratio(order, np.maximum(1.0 - gaps, 0.0), gaps)
    return {**moved, "concentrations": np.where(some, concentrations, old["concentrations"])}


def _product(
    family: Family, statistics: Array, old: Parameters, names: frozenset[str]
) -> Parameters:
    parts: dict[str, Array] = {}
    start = 0
    for b, block in enumerate(getattr(family, "blocks", ())):
        prefix = f"{b}."
        own = {key.removeprefix(prefix): old[key] for key in old if key.startswith(prefix)}
        nothing = np.zeros((0, len(block.columns))), np.zeros((0, statistics.shape[0]))
        width = block.family.statistics(*nothing, own).shape[1]
        of_block = statistics[:, start : start + width]
        moved = _m_step(block.family, of_block, own, _own_names(names, b))
        parts.update({prefix + key: values for key, values in moved.items()})
        start += width
    return parts


def _independent(
    family: Family, statistics: Array, old: Parameters, names: frozenset[str]
) -> Parameters:
    del names
    return family.m_step(statistics, old)


_CONDITIONAL: dict[str, Conditional] = {
    "gamma": _gamma,
    "gaussian": _moments,
    "multinomial": _independent,
    "product": _product,
    "student_t": _moments,
    "von_mises_fisher": _direction,
}


def _inverse_digamma(value: Array) -> Array:
    """Return the a > 0 with digamma(a) = value, elementwise [Minka 2000, appendix C]."""
    far = -1.0 / (value - digamma(1.0))
    a = np.where(value >= -2.22, np.exp(value) + 0.5, far)
    for _ in range(_NEWTON_STEPS):
        step = (digamma(a) - value) / polygamma(1, a)
        a = np.maximum(a - step, 0.5 * a)
        if not (np.abs(step) > 1e-15 * a).any():
            break
    return np.asarray(a)


def _only(parameters: Parameters, names: frozenset[str]) -> Parameters:
    return {name: parameters[name] for name in names}


def _own_names(names: frozenset[str], block: int) -> frozenset[str]:
    prefix = f"{block}."
    return frozenset(name.removeprefix(prefix) for name in names if name.startswith(prefix))
