"""The checks of claims H, N and O."""

from pathlib import Path

from matplotlib.figure import Figure

from mixot.figures import _checks

CLAIMS = (
    "H1",
    "H2",
    "N1",
    "N2",
    "N3",
    "N4",
    "N5",
    "N6",
    "O1",
    "O2",
    "O3",
    "O6",
)
CAPTION = _checks.caption(43, "Every check of other optima and of certificates", CLAIMS)


def make(results: Path) -> Figure:
    """Draw every check of these claims against its bound."""
    return _checks.make(results, CLAIMS)
