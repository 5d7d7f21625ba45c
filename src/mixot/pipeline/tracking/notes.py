"""The texts of the dashboard: what an experiment holds, and what to look at first."""

from collections import Counter
from collections.abc import Sequence

from mixot.pipeline.tracking.records import Entry

EXPERIMENT_PREFIX = "mixot/"
LEDGER = "mixot/ledger"

_PROBLEM = """\
{problem}, fitted by {solvers}. Open a parent (a family and a solver) for its epsilons and seeds.

What to look at
* Columns: `log_likelihood`, `n_iter`, `certificate_distance`, `mixot.status`.
* EM and transport side by side: the chart view, section `by_iteration`. Parents carry the curve \
of seed 0 at epsilon 1; `objective` must fall, and by the same amounts under `em` and \
`ot_semirelaxed`.
* Details: runs with `tags."mixot.role" = 'showcase'` carry 500 points, all terms of the energy \
balance, the arrays and a picture.
* One pair of runs: `tags."mixot.seed" = '3' and tags."mixot.epsilon" = '1'`.
* Trouble: `tags."mixot.status" != 'converged'`; `mixot.message` says what happened and \
`mixot.advice` what to try.

Each run is a copy of the run directory that `mixot.rundir` names; `mixot-track --rebuild` makes \
all of this anew.
"""

_LEDGER = """\
The claims of the study, a run each: finished if the claim holds, failed if it does not.

What to look at
* Columns: `mixot.verdict`, `statistic`, `tolerance`, `margin` \
(how many times over the tolerance is met; below 1 it is missed).
* The run `ledger` holds the figures and the table of claims among its artifacts.
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
    lines += ["", "The curve is that of seed 0 at epsilon 1 (0 for the hard solvers)."]
    return "\n".join(lines)
