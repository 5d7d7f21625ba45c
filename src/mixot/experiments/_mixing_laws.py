"""The best likelihood over all mixing laws of a known kernel, by code of the references alone.

The constrained Newton method [Wang 2007]: the weights of some atoms are optimised by
`mixot.reference.weights`, atoms without weight are dropped, all local maxima of the gradient
function D join, and so on until log sup D, which bounds what is left to gain, is small. Maxima are
found on a grid and finished by L-BFGS. That alone ends in ever more atoms ever closer together; so
once little is missing, those that climb to one maximum are made one, and all atoms and weights
are moved at once.
"""

from dataclasses import dataclass, field

import numpy as np
import scipy.optimize
import scipy.special
from scipy.ndimage import maximum_filter

from mixot.reference import densities, weights
from mixot.reference.parameters import Array

_PARAMETER = {"gaussian-known": "means", "poisson": "rates"}
_ROUNDS = 40
# What may be missing for atoms to be made one.
_NEAR = 1e-3


@dataclass(frozen=True, slots=True)
class Law:
    """atoms: (K, d); weights: (K,); value: NLL, nats; gap: log sup D, by how much it can fall."""

    atoms: Array
    weights: Array
    value: float
    gap: float


@dataclass(frozen=True, slots=True)
class MixingLaws:
    """All laws of the mean (`gaussian-known`, unit variances) or the rate (`poisson`) in a box.

    points: (n, d) with masses a (n,); axes: one a dimension, ascending: a grid of the box.
    """

    family: str
    points: Array
    a: Array
    axes: tuple[Array, ...]
    grid: Array = field(init=False)
    on_grid: Array = field(init=False)

    def __post_init__(self) -> None:
        """Evaluate the densities (n, G) on the grid (G, d) once."""
        grid = np.stack([v.ravel() for v in np.meshgrid(*self.axes, indexing="ij")], axis=1)
        object.__setattr__(self, "grid", grid)
        object.__setattr__(self, "on_grid", self._densities(grid))

    def best(self, tol: float = 1e-11) -> Law:
        """Return the best law, to a gap of tol if _ROUNDS rounds suffice for that."""
        atoms = self.grid[np.unique(self.on_grid.argmax(axis=1))]
        atoms = atoms[:: max(len(atoms) // 20, 1)]
        found = []
        for _ in range(_ROUNDS):
            law, summits, heights = self._weighed(atoms)
            if law.gap <= _NEAR:
                together = self._together(law, summits)
                joined, *peaks = self._weighed(together)
                if joined.gap < law.gap:
                    law, (summits, heights) = joined, peaks
            found.append(law)
            if law.gap <= tol:
                break
            atoms = np.concatenate([law.atoms, summits[heights > 1.0]])
        return min(found, key=lambda one: one.gap)

    def _weighed(self, atoms: Array) -> tuple[Law, Array, Array]:
        """Return the best law on some atoms, and the maxima of its D with their heights."""
        solved = weights.minimise_likelihood(
            -self._log_densities(atoms), self.a, np.full(len(atoms), 1.0 / len(atoms))
        )
        kept = solved.weights > 0.0
        summits, heights = self._summits(atoms[kept], solved.weights[kept])
        gap = float(np.log(max(heights.max(), 1.0)))
        return Law(atoms[kept], solved.weights[kept], solved.value, gap), summits, heights

    def _together(self, law: Law, summits: Array) -> Array:
        """Return one atom for each maximum that has some near it, moved to where NLL is least."""
        nearest = np.linalg.norm(law.atoms[:, None] - summits[None], axis=2).argmin(axis=1)
        taken = np.unique(nearest)
        shares = (nearest[:, None] == taken) * law.weights[:, None]
        masses = shares.sum(axis=0)
        centres = (shares.T @ law.atoms) / masses[:, None]

        def negative(at: Array) -> tuple[float, Array]:
            atoms, logits = at[: centres.size].reshape(centres.shape), at[centres.size :]
            mixing = scipy.special.softmax(logits)
            joint = self._densities(atoms) * mixing
            mixed = joint.sum(axis=1)
            plan = (self.a / mixed)[:, None] * joint
            moved = [plan[:, k] @ self._scores(atom) for k, atom in enumerate(atoms)]
            slope = np.concatenate([np.ravel(moved), plan.sum(axis=0) - mixing])
            return -float(self.a @ np.log(mixed)), -slope

        box = [(axis[0], axis[-1]) for axis in self.axes] * len(taken)
        found = scipy.optimize.minimize(
            negative,
            np.concatenate([centres.ravel(), np.log(masses)]),
            jac=True,
            method="L-BFGS-B",
            bounds=box + [(None, None)] * len(taken),
            options={"maxcor": 50, "maxiter": 2000, "maxfun": 4000, "ftol": 0.0, "gtol": 1e-11},
        )
        return found.x[: centres.size].reshape(centres.shape)

    def log_supremum(self, atoms: Array, law: Array) -> float:
        """Return log sup D of the mixture of atoms (K, d) with weights (K,)."""
        return float(np.log(self._summits(atoms, law)[1].max()))

    def _summits(self, atoms: Array, law: Array) -> tuple[Array, Array]:
        """Return the local maxima (m, d) of D and their heights (m,)."""
        ratio = self.a / (self._densities(atoms) @ law)
        values = (ratio @ self.on_grid).reshape([axis.size for axis in self.axes])
        peaks = (maximum_filter(values, size=3, mode="nearest") == values).ravel()
        climbed = [self._climb(start, ratio) for start in self.grid[peaks]]
        return np.array([top for top, _ in climbed]), np.array([height for _, height in climbed])

    def _climb(self, start: Array, ratio: Array) -> tuple[Array, float]:
        """Return the maximum of D = sum_i ratio_i p(x_i; theta) near a point, and its height."""

        def negative(theta: Array) -> tuple[float, Array]:
            masses = ratio * self._densities(theta[None])[:, 0]
            return -float(masses.sum()), -(masses @ self._scores(theta))

        found = scipy.optimize.minimize(
            negative,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=[(axis[0], axis[-1]) for axis in self.axes],
            options={"ftol": 1e-15, "gtol": 1e-12},
        )
        return found.x, -float(found.fun)

    def _scores(self, theta: Array) -> Array:
        """Return the derivatives (n, d) of log p(x_i; theta)."""
        away = self.points - theta
        return away if self.family == "gaussian-known" else away / theta

    def _log_densities(self, atoms: Array) -> Array:
        return densities.log_densities(
            self.family, self.points, {_PARAMETER[self.family]: atoms}, covariance=1.0
        )

    def _densities(self, atoms: Array) -> Array:
        return np.exp(self._log_densities(atoms))
