"""A digest of the code that a result depends on, from the static closure of its imports.

Neither Snakemake nor a run directory sees an edit in an imported module. So a result carries a
SHA-256 over every module of this package that can be reached from the modules it starts at, by
following import statements (also those inside functions) without importing anything. Modules that
are found by name at run time, such as a family or a plan, are named as starting points: the digest
of a fit with Gaussian components does not change when the Poisson family does.

What is hashed is the syntax tree without docstrings: an edit of a comment, of a docstring or of the
layout leaves results valid; any other edit does not.
"""

import ast
import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

PACKAGE = "mixot"
ROOT = Path(__file__).resolve().parents[1]
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def code_digest(*starts: str, root: Path = ROOT) -> str:
    """Return the hexadecimal SHA-256 of all modules reachable from the dotted names `starts`.

    root: the folder of the package. Raises ModuleNotFoundError for a start that does not exist.
    """
    whole = hashlib.sha256()
    for name in closure(starts, root=root):
        path = _path(name, root)
        assert path is not None  # closure returns only names that it found
        whole.update(f"{name} {_content(path, path.stat().st_mtime_ns)}\n".encode())
    return whole.hexdigest()


def closure(starts: Iterable[str], root: Path = ROOT) -> tuple[str, ...]:
    """Return the sorted names of the modules reachable from `starts`, these included."""
    found: set[str] = set()
    waiting = list(starts)
    for name in waiting:
        if _path(name, root) is None:
            raise ModuleNotFoundError(f"no module {name} under {root}")
    while waiting:
        name = waiting.pop()
        path = _path(name, root)
        if name in found or path is None:
            continue
        found.add(name)
        # Importing a module runs the __init__ of every package above it. The outermost is left
        # out: it is the package's face, which offers names from below and is followed only where
        # one of those is imported. Otherwise every new offer would make every result stale.
        parts = name.split(".")
        waiting += [".".join(parts[:depth]) for depth in range(2, len(parts))]
        waiting += _imports(path, path.stat().st_mtime_ns, name, root)
    return tuple(sorted(found))


def fit_digest(family: str, plan: str, root: Path = ROOT) -> str:
    """Return the digest of the code that determines a fit with this family and this plan."""
    return code_digest(
        f"{PACKAGE}.families.{family.partition('-')[0]}",
        f"{PACKAGE}.transport.plans.{plan}",
        f"{PACKAGE}.fitting",
        f"{PACKAGE}.pipeline.compute",
        f"{PACKAGE}.pipeline.score",
        root=root,
    )


def _path(name: str, root: Path) -> Path | None:
    """Return the file of the module `name`, or None if the package has no such module."""
    package, *parts = name.split(".")
    if package != PACKAGE:
        return None
    base = root.joinpath(*parts)
    candidates = (base / "__init__.py", base.with_name(f"{base.name}.py"))
    return next((path for path in candidates if path.is_file()), None)


@lru_cache(maxsize=1024)
def _imports(path: Path, changed: int, name: str, root: Path) -> tuple[str, ...]:
    """Return the names that the module may import; `from a import b` may mean the module a.b."""
    del changed  # part of the cache's key: an edited file is read again
    is_package = path.name == "__init__.py"
    names: list[str] = []
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        # What is imported for type checkers alone does not run.
        if isinstance(node, ast.If) and _is_for_types(node.test):
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = name.split(".")
                kept = parents[: len(parents) - node.level + is_package]
                base = ".".join([*kept, *filter(None, [node.module])])
            inner = [f"{base}.{alias.name}" for alias in node.names]
            names += inner
            if base != PACKAGE or any(_path(one, root) is None for one in inner):
                names.append(base)
    return tuple(names)


def _is_for_types(test: ast.expr) -> bool:
    return ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


@lru_cache(maxsize=1024)
def _content(path: Path, changed: int) -> str:
    """Return the SHA-256 of the module's syntax tree without docstrings."""
    del changed
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()
