"""All cells, in groups that are reported together.

A group is a module of this folder: POSITION is its place in the report, TITLE its heading, CELLS
what there is to measure, and VALUES maps those of a measurement's values that its table shows to
their headings. It may have `overview(records)`, lines (what, value, target) below the table.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType

from mixot.benchmarks.record import Cell
from mixot.errors import InputError


@cache
def groups() -> MappingProxyType[str, ModuleType]:
    """Return the groups by name, in the order in which they are reported."""
    found = {info.name: import_module(f"{__name__}.{info.name}") for info in iter_modules(__path__)}
    ordered = sorted(found.items(), key=lambda item: (item[1].POSITION, item[0]))
    return MappingProxyType(dict(ordered))


def places() -> tuple[str, ...]:
    """Return the cells, each as group/name."""
    return tuple(cell.place for module in groups().values() for cell in module.CELLS)


def get(place: str) -> Cell:
    """Return a cell by group/name; InputError for an unknown one."""
    found = {cell.place: cell for module in groups().values() for cell in module.CELLS}
    if place not in found:
        raise InputError(f"unknown cell {place!r}; allowed: {', '.join(found)}")
    return found[place]
