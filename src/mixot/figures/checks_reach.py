"""The checks of claims K, L, M, T, U and W that time nothing."""

from pathlib import Path

from matplotlib.figure import Figure

from mixot.figures import _checks

CLAIMS = (
    "K",
    "L",
    "L2",
    "M",
    "M2",
    "T1",
    "T3",
    "U1",
    "U2",
    "U3",
    "U4",
    "W1",
)
CAPTION = _checks.caption(85, "Every check beyond the theorem", CLAIMS)


def make(results: Path) -> Figure:
    """Draw every check of these claims against its bound."""
    return _checks.make(results, CLAIMS)
