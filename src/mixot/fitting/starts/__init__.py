"""Where a fit begins."""

from mixot.fitting.starts.begin import METHODS, Init, start
from mixot.fitting.starts.smoothed import smoothed_start

__all__ = ["METHODS", "Init", "smoothed_start", "start"]
