"""The checks of claims I and J."""

from pathlib import Path

from matplotlib.figure import Figure

from mixot.figures import _checks

CLAIMS = (
    "I1",
    "I1b",
    "I1c",
    "I1d",
    "I2",
    "I3",
    "I4",
    "I5",
    "J1",
    "J3",
)
CAPTION = _checks.caption(53, "Every check of rates and of statistics", CLAIMS)


def make(results: Path) -> Figure:
    """Draw every check of these claims against its bound."""
    return _checks.make(results, CLAIMS)
