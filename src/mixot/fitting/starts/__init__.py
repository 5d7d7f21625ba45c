"""Where a fit begins."""

from mixot.fitting.starts.smoothed import smoothed_start

__all__ = ["smoothed_start"]
