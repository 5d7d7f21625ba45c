"""Log-probabilities of counts about their means, so that the large parts never arise.

    log x! = log x + x log x - x - L(x),   L(x) = x log x - x - log Gamma(x)

and with D(x, m) = x log(x / m) - x + m >= 0 the Poisson law is -D(x, m) + L(x) - log x [Loader
2000]: every term is small where the probability is not, while x log m - m - log x! is a difference
of numbers of the size of x log x.
"""

import numpy as np

from mixot.families.gamma_functions import stirling
from mixot.families.increments import relative_entropy
from mixot.types import Array


def log_spread(counts: Array) -> Array:
    """Return L(x) - log x, the log-probability of x at its own mean; 0 at x = 0."""
    safe = np.where(counts > 0.0, counts, 1.0)
    return np.where(counts > 0.0, stirling(safe) - np.log(safe), 0.0)


def log_poisson(counts: Array, means: Array) -> Array:
    """Return log(m^x exp(-m) / x!), elementwise; -inf for x > 0 at m = 0."""
    far = counts > 2.0 * means
    with np.errstate(divide="ignore"):
        logs = np.log(np.where(far, counts, 1.0)) - np.log(np.where(far, means, 1.0))
    # Far above the mean nothing cancels, and the ratio of the two may overflow.
    apart = np.where(far, counts * logs - counts + means, 0.0)
    near = relative_entropy(means, np.where(far, 0.0, counts - means))
    return np.asarray(log_spread(counts) - np.where(far, apart, near))


def log_ratio(means: Array, base: Array) -> Array:
    """Return log(means / base), exact to its own size where the two are nearly equal.

    0 where the base is 0: nothing is ever counted there. Not finite where the means are 0.
    """
    some = base > 0.0
    safe = np.where(some, base, 1.0)
    with np.errstate(divide="ignore", over="ignore"):
        change = np.where(some, (means - safe) / safe, 0.0)
        ratio = np.where(some, means / safe, 1.0)
        return np.where(np.abs(change) < 0.5, np.log1p(change), np.log(ratio))
