"""Figures of the study: one module each, found by being here.

A figure is a module of this folder with `CAPTION` and `make(results) -> Figure`; it reads run
directories and evidence, never the dashboard. Where the study has nothing to draw, the figure says
so. Modules whose names begin with an underscore are what figures share.

Saved files are the same to the byte each time on one machine: neither dates nor program versions
go in, and the identifiers inside an SVG depend on its content and name alone.
"""

import io
import os
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from mixot.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mixot.figures._style import Caption

# What the writers would add of date and version.
_SVG = {"Date": None, "Creator": None}
_PNG = {"Software": None}

__all__ = ["caption", "make", "names", "save", "save_showcase"]


def names() -> tuple[str, ...]:
    """Names of all figures, sorted."""
    return tuple(
        sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))
    )


def caption(name: str) -> "Caption":
    """Return what the figure `name` shows and what would falsify it."""
    found: Caption = import_module(f"{__name__}.{_known(name)}").CAPTION
    return found


def make(name: str, results: Path) -> "Figure":
    """Draw the figure `name` from the study under `results`; InputError for an unknown name."""
    from mixot.figures import _style

    module = import_module(f"{__name__}.{_known(name)}")
    with _style.context(name):
        figure: Figure = module.make(results)
    return figure


def save(figure: "Figure", directory: Path, name: str) -> tuple[Path, Path]:
    """Write `directory`/`name`.svg and .png, whole or not at all; return their paths."""
    from mixot.figures import _style

    directory.mkdir(parents=True, exist_ok=True)
    svg, png = directory / f"{name}.svg", directory / f"{name}.png"
    with _style.context(name):
        _write(svg, _render(figure, "svg", _SVG))
        _write(png, _render(figure, "png", _PNG))
    return svg, png


def save_showcase(run: Path, results: Path, directory: Path) -> Path:
    """Write `directory`/showcase.png: the data, mixture and descent of one run directory."""
    from mixot.figures import _showcase, _style

    with _style.context("showcase"):
        figure = _showcase.make(run, results)
        path = directory / "showcase.png"
        _write(path, _render(figure, "png", _PNG))
    return path


def _known(name: str) -> str:
    if name not in names():
        raise InputError(f"unknown figure {name!r}; allowed: {', '.join(names())}")
    return name


def _render(figure: "Figure", kind: str, metadata: dict[str, None]) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, metadata=metadata)
    return buffer.getvalue()


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(path)
