"""The texts of the dashboard: what an experiment holds, and what to look at first."""

from collections import Counter
from collections.abc import Sequence

from mixot.pipeline.tracking.records import Entry

EXPERIMENT_PREFIX = "mixot/"
LEDGER = "mixot/ledger"

_PROBLEM = """\
Fits of **{problem}**: {solvers}.

Parent runs are a family and a solver; the runs below them are one epsilon and one seed each.

What to look at
* Columns: `metrics.log_likelihood`, `metrics.n_iter`, `metrics.certificate_distance`, \
`tags.mixot.status`.
* The same seed under `em` and `ot_semirelaxed`: the same objective to the last digits \
(`tags.mixot.seed = '3' and tags.mixot.epsilon = '1'`).
* Charts: `trace/objective` never rises; the runs with `tags.mixot.role = 'showcase'` carry \
500 points, the three terms of the energy balance, the arrays and a figure.
* Trouble: `tags.mixot.status != 'converged'`, with `tags.mixot.message` saying what happened.

Each run is a copy of the run directory in `tags.mixot.rundir`; `mixot-track --rebuild` makes \
all of this anew.
"""

_LEDGER = """\
The claims of the study, a run each: FINISHED if the claim holds, FAILED if it does not.

What to look at
* Columns: `tags.mixot.verdict`, `metrics.statistic`, `metrics.tolerance`, `metrics.margin` \
(how many times over the tolerance is met; below 1 it is missed).
* The parent run holds the figures and the table of claims among its artifacts.
"""


def experiment(problem: str) -> str:
    """Name of the experiment that holds the runs of `problem`."""
    return EXPERIMENT_PREFIX + problem


def about_problem(problem: str, entries: Sequence[Entry]) -> str:
    """Describe the experiment of `problem`."""
    return _PROBLEM.format(problem=problem, solvers=", ".join(sorted({e.solver for e in entries})))


def about_ledger() -> str:
    """Describe the experiment of claims."""
    return _LEDGER


def about_group(entries: Sequence[Entry]) -> str:
    """Describe a parent run: how its runs ended, by epsilon."""
    statuses = sorted({entry.status for entry in entries})
    lines = [
        "| epsilon | runs | " + " | ".join(statuses) + " |",
        "|---" * (len(statuses) + 2) + "|",
    ]
    for epsilon in sorted({entry.epsilon for entry in entries}, key=float):
        mine = Counter(entry.status for entry in entries if entry.epsilon == epsilon)
        counts = " | ".join(str(mine[status]) for status in statuses)
        lines.append(f"| {epsilon} | {mine.total()} | {counts} |")
    return "\n".join(lines)
