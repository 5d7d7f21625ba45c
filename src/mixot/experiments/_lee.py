"""The Lee corpus of short news, which ships with gensim: 300 documents, and 50 others held out.

Lee, Pincombe and Welsh (2005), Proc. Cognitive Science Society 27, 1254-1259. Only gensim's files
are read: importing it would load its models.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

from mixot.errors import InputError
from mixot.types import Array

_FILES = ("lee_background.cor", "lee.cor")


@dataclass(frozen=True, slots=True)
class Corpus:
    """Counts of words (n, V) in the documents and in those held out, and the words (V,)."""

    counts: Array
    held_out: Array
    words: tuple[str, ...]


def load(least: int, every: int = 1) -> Corpus:
    """Count the words that occur in at least so many documents, stop words of English apart.

    every: of the documents to fit to only one in so many is taken. Raises InputError if gensim is
    not installed.
    """
    fitted, held_out = (_lines(name) for name in _FILES)
    vectoriser = CountVectorizer(stop_words="english", min_df=least, token_pattern=r"[a-z]{3,}")
    counts = vectoriser.fit_transform(fitted[::every]).toarray().astype(np.float64)
    others = vectoriser.transform(held_out).toarray().astype(np.float64)
    return Corpus(counts, others, tuple(vectoriser.get_feature_names_out()))


def directions(corpus: Corpus, n_axes: int) -> tuple[Array, Array, Array]:
    """Return unit vectors (n, q) of all documents and of those held out, and the axes (V, q).

    Counts are weighted by inverse document frequency and projected on the first singular vectors
    of the documents that are not held out [Deerwester et al. 1990].
    """
    weighting = TfidfTransformer(sublinear_tf=True).fit(corpus.counts)
    weighted, others = (
        weighting.transform(counts).toarray() for counts in (corpus.counts, corpus.held_out)
    )
    _, _, rows = np.linalg.svd(weighted, full_matrices=False)
    axes = rows[:n_axes].T
    largest = np.abs(axes).argmax(axis=0)
    axes = axes * np.sign(axes[largest, np.arange(n_axes)])
    return _unit(weighted @ axes), _unit(others @ axes), axes


def _unit(rows: Array) -> Array:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _lines(name: str) -> list[str]:
    spec = find_spec("gensim")
    places = [] if spec is None else spec.submodule_search_locations or []
    if not places:
        raise InputError(
            "documents: the Lee corpus ships with gensim, which is not installed: "
            "pip install 'mixot[reproduce]'"
        )
    path = Path(places[0]) / "test" / "test_data" / name
    return path.read_text(encoding="iso-8859-1").splitlines()
