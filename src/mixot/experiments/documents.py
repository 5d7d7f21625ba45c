"""U4: topics of news, as components of a mixture of multinomials, and as directions.

Documents are counts of words, and each comes from one topic; or they are directions in the space of
their weighted counts, of von Mises-Fisher laws. From the same starts topics are fitted by EM and by
Sinkhorn EM, for which all topics are equally large. What a model is worth shows on documents that
it has not seen: for counts the log-likelihood of a word, under probabilities mixed with those of
the whole corpus, since a topic excludes the words that it has not met. Left, the library; right,
the same likelihoods by SciPy, and equal sizes.

Series: held-out log-likelihoods over the number of topics for each start, cluster sizes and the
most telling words at the `shown` number.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import gammaln, ive, logsumexp, softmax, xlogy

from mixot.arrays import as_sample
from mixot.evidence.records import Sides, difference, record
from mixot.experiments import _lee as lee
from mixot.experiments.outcome import Outcome, at
from mixot.families.base import Family
from mixot.families.multinomial import Multinomial
from mixot.families.von_mises_fisher import VonMisesFisher
from mixot.fitting.evaluate import log_likelihood
from mixot.fitting.fit import Fit, fit
from mixot.fitting.starts import start
from mixot.streams import stream
from mixot.types import Array, Mixture

NAME = "documents"
SIZES = ("free", "equal")


@dataclass(frozen=True)
class Options:
    """Each number of topics is a problem.

    least: documents in which a word must occur; every: 1 takes all documents; axes: dimensions of
    the directions; own: share of a topic's own words in what held-out words are judged by; shown:
    the number of topics whose words are listed; listed: words of each.
    """

    topics: tuple[int, ...] = (2, 4, 8, 12, 16, 24)
    starts: int = 6
    least: int = 2
    every: int = 1
    axes: int = 20
    own: float = 0.5
    tol: float = 1e-4
    max_iter: int = 200
    shown: int = 8
    listed: int = 9


@dataclass(frozen=True, slots=True)
class Scene:
    """What is fitted: points and held-out points of one family, and words by component."""

    family: Family
    points: Array
    held_out: Array


def run(options: Options) -> Outcome:
    """Fit all numbers of topics, both ways and to both kinds of points."""
    corpus = lee.load(options.least, options.every)
    seen, unseen, axes = lee.directions(corpus, options.axes)
    scenes = {
        "multinomial": Scene(Multinomial(), corpus.counts, corpus.held_out),
        "directions": Scene(VonMisesFisher(), seen, unseen),
    }
    found = []
    series: dict[str, Any] = {"topics": np.array(options.topics, dtype=np.float64)}
    for model, scene in scenes.items():
        values = np.full((len(SIZES), len(options.topics), options.starts), np.nan)
        for column, n_topics in enumerate(options.topics):
            best: dict[str, Fit] = {}
            for number in range(options.starts):
                records, fits, scores = _from(options, scene, model, n_topics, number)
                found += at(f"topics-{n_topics}", scene.family.name, records, number)
                values[:, column, number] = scores
                for sizes, one in fits.items():
                    best[sizes] = min(best.get(sizes, one), one, key=lambda f: f.objective)
            found += at(
                f"topics-{n_topics}",
                scene.family.name,
                _summary(model, values[:, column], best),
            )
            if n_topics == options.shown:
                series |= _drawn(options, model, best, corpus, axes)
        series[f"{model} held out"] = values
        series[f"{model} one topic"] = np.array(_one_topic(options, scene))
    return Outcome(tuple(found), series)


def _from(
    options: Options, scene: Scene, model: str, n_topics: int, number: int
) -> tuple[list[dict[str, object]], dict[str, Fit], list[float]]:
    """Return the records of both fits from one start, the fits, and what held-out points say."""
    sample = as_sample(scene.points)
    rng = stream("experiment", NAME, model, n_topics, number)
    begin = start(sample, scene.family, n_topics, rng=rng)
    even = np.full(n_topics, 1.0 / n_topics)
    fits = {
        sizes: fit(
            sample,
            begin,
            scene.family,
            plan="balanced" if sizes == "equal" else "semirelaxed",
            weights=even if sizes == "equal" else "free",
            tol=options.tol,
            max_iter=options.max_iter,
            n_threads=1,
        )
        for sizes in SIZES
    }
    judged = {sizes: judging(options, scene, one.mixture) for sizes, one in fits.items()}
    left = log_likelihood(as_sample(scene.held_out), judged["free"], scene.family)
    logs = log_densities(scene.held_out, judged["free"])
    right = float(logsumexp(np.log(judged["free"].weights) + logs, axis=1).mean())
    wrong = float(logsumexp(np.log(even) + logs, axis=1).mean())

    def missed(one: Fit) -> float:
        logs = log_densities(scene.points, one.mixture)
        shares = softmax(np.log(one.mixture.weights) + one.g + logs, axis=1)
        return float(np.abs(shares.mean(axis=0) - even).sum())

    found = [
        record(
            "U4",
            "held-out log-likelihood",
            difference(left, right),
            state=model,
            left="log_likelihood",
            right="the densities written out, with SciPy's functions",
            control={"equal weights": difference(wrong, right)},
        ),
        record(
            "U4",
            "topic sizes of Sinkhorn EM",
            missed(fits["equal"]),
            state=model,
            left="plan of fit(balanced), its potential with SciPy's densities",
            right="equal sizes",
            control={"EM": missed(fits["free"])},
        ),
    ]
    return found, fits, [score(scene, judged[sizes]) for sizes in SIZES]


def judging(options: Options, scene: Scene, mixture: Mixture) -> Mixture:
    """Return the mixture that held-out points are judged by: one that excludes no word."""
    if "probabilities" not in mixture.parameters:
        return mixture
    whole = scene.points.sum(axis=0) / scene.points.sum()
    own = mixture.parameters["probabilities"]
    mixed = options.own * own + (1.0 - options.own) * whole
    return Mixture(mixture.weights, {**mixture.parameters, "probabilities": mixed})


def log_densities(points: Array, mixture: Mixture) -> Array:
    """Return log p_k(x_i) (n, K) without the library."""
    parameters = mixture.parameters
    if "probabilities" in parameters:
        orders = gammaln(points.sum(axis=1) + 1.0) - gammaln(points + 1.0).sum(axis=1)
        return np.stack(
            [orders + xlogy(points, p).sum(axis=1) for p in parameters["probabilities"]], axis=1
        )
    kappa, d = parameters["concentrations"], points.shape[1]
    order = 0.5 * d - 1.0
    # ive is scaled by exp(-kappa).
    log_bessel = np.log(ive(order, kappa)) + kappa
    constant = order * np.log(kappa) - 0.5 * d * np.log(2.0 * np.pi) - log_bessel
    return np.asarray(constant + kappa * (points @ parameters["directions"].T))


def score(scene: Scene, mixture: Mixture) -> float:
    """Return what held-out points say: nats a word for counts, nats a document for directions."""
    logs = log_densities(scene.held_out, mixture)
    totals = logsumexp(np.log(mixture.weights) + logs, axis=1)
    if "probabilities" not in mixture.parameters:
        return float(totals.mean())
    counts = scene.held_out
    # In how many orders the words may come is the same for every model, and left out.
    orders = gammaln(counts.sum(axis=1) + 1.0) - gammaln(counts + 1.0).sum(axis=1)
    return float((totals - orders).sum() / counts.sum())


def _one_topic(options: Options, scene: Scene) -> float:
    """Return the score of a single component."""
    parameters = scene.family.initial(as_sample(scene.points), 1)
    return score(scene, judging(options, scene, Mixture(np.ones(1), parameters)))


def _summary(model: str, scores: Array, best: dict[str, Fit]) -> list[dict[str, object]]:
    """Report medians over starts, and the sizes of the topics in the likeliest fit."""
    sides = Sides(state=f"{model}, all starts", left="fit", right="held-out documents")
    found = [
        record("U4", f"held-out nats, {model}, {sizes} sizes", float(np.median(row)), **sides)
        for sizes, row in zip(SIZES, scores, strict=True)
    ]
    gain = float(np.median(scores[1] - scores[0]))
    found.append(record("U4", f"held-out nats that equal sizes gain, {model}", gain, **sides))
    share = float(best["free"].mixture.weights.max())
    found.append(record("U4", f"largest topic, {model}", share, **sides))
    return found


def _drawn(
    options: Options, model: str, best: dict[str, Fit], corpus: lee.Corpus, axes: Array
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for sizes, one in best.items():
        order = np.argsort(-one.mixture.weights, kind="stable")
        telling = _telling(one.mixture, corpus, axes)[order]
        words = np.argsort(-telling, axis=1, kind="stable")[:, : options.listed]
        found[f"{model} {sizes} words"] = np.array(corpus.words)[words]
        found[f"{model} {sizes} weights"] = one.mixture.weights[order]
    return found


def _telling(mixture: Mixture, corpus: lee.Corpus, axes: Array) -> Array:
    """Return how much each word (K, V) tells of a topic: its term of KL(topic | corpus)."""
    if "directions" in mixture.parameters:
        return np.asarray(mixture.parameters["directions"] @ axes.T)
    own = mixture.parameters["probabilities"]
    whole = corpus.counts.sum(axis=0) / corpus.counts.sum()
    return np.asarray(xlogy(own, own / whole))
