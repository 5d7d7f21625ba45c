"""How well clusters agree with classes that are known but were not used."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score

Labels = NDArray[np.integer[Any]]


def matched(labels: Labels, classes: Labels, n_clusters: int) -> NDArray[np.intp]:
    """Return for each cluster (K,) the class that the best one-to-one matching gives it.

    Classes are numbered from 0, and there are as many as clusters.
    """
    table = np.zeros((n_clusters, n_clusters))
    np.add.at(table, (labels, classes), 1.0)
    return np.asarray(linear_sum_assignment(table, maximize=True)[1])


def accuracy(labels: Labels, classes: Labels, n_clusters: int) -> float:
    """Return the share of points whose cluster is matched to their class."""
    return float(np.mean(matched(labels, classes, n_clusters)[labels] == classes))


def adjusted_rand(labels: Labels, classes: Labels) -> float:
    """Return the adjusted Rand index: 1 for equal partitions, 0 in the mean for random ones."""
    return float(adjusted_rand_score(classes, labels))
