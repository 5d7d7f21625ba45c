"""The checks of claims A, B and C."""

from pathlib import Path

from matplotlib.figure import Figure

from mixot.figures import _checks

CLAIMS = (
    "A1",
    "A2",
    "B1",
    "C1",
    "C2",
    "C4",
    "C5",
    "C6",
    "C7",
)
CAPTION = _checks.caption(6, "Every check of the equivalence and of the gap", CLAIMS)


def make(results: Path) -> Figure:
    """Draw every check of these claims against its bound."""
    return _checks.make(results, CLAIMS)
