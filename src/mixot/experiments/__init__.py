"""Experiments that stand by themselves: each asks a question that the study's fits cannot answer.

An experiment is a module here with `Options`, a frozen dataclass of its settings with defaults, and
`run(options) -> Outcome`. Its file in `conf/experiment` opens with the question and says what a
full run and a small one (`smoke`) set. Putting the two files there is all it takes to add one; the
claims that judge its records (`mixot.claims`) and the figure that draws its series
(`mixot.figures`) are files of their own. Randomness comes from `mixot.streams.stream`, with the
experiment's name first. Modules whose names begin with an underscore are what experiments share.

An experiment imports families from their modules and does not ask for them by name: whether it has
to run again is decided by the code that its imports reach.

What is asked about finished fits, problem by problem, is `mixot.evidence` instead.
"""

from mixot.experiments.outcome import Outcome, at, read_series, write

__all__ = ["Outcome", "at", "read_series", "write"]
