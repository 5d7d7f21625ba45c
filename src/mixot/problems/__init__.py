"""Synthetic mixtures, real data sets and the user's own files, under one roof."""

from mixot.problems.problem import Problem, check
from mixot.problems.registry import load, names, options
from mixot.problems.storage import read, write

__all__ = ["Problem", "check", "load", "names", "options", "read", "write"]
