"""The checks of claims D and E."""

from pathlib import Path

from matplotlib.figure import Figure

from mixot.figures import _checks

CLAIMS = (
    "D1",
    "D2",
    "D3",
    "D4",
    "D5",
    "D6",
    "D7",
    "D8",
    "E1",
    "E2",
    "E3",
    "E4",
    "E5",
)
CAPTION = _checks.caption(7, "Every check of the descent and of its gradients", CLAIMS)


def make(results: Path) -> Figure:
    """Draw every check of these claims against its bound."""
    return _checks.make(results, CLAIMS)
