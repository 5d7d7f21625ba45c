"""Imports go one way, without circles, and each tool has its own place."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import mixot

SOURCES = Path(mixot.__file__).parent

# From the bottom up; what stands in one row does not know its neighbours. Modules beside the
# packages (types, arrays, streams, errors, ...) are the bottom, and mixot itself is the face.
LAYERS = (
    {"families"},
    {"engines"},
    {"transport"},
    {"fitting"},
    {"problems", "estimators"},
    {"reference"},
    {"evidence"},
    {"experiments"},
    {"claims", "figures"},
    {"pipeline", "benchmarks"},
)
LEVEL = {name: level for level, row in enumerate(LAYERS, start=1) for name in row}

PIPELINE_TOOLS = {"hydra", "omegaconf", "mlflow", "snakemake"}
NUMERICS = {"families", "engines", "transport", "fitting"}
# What reads files and asks workers is imported by those whom it serves, when they call.
FOREIGN = {
    ("mixot.engines.parquet", "pyarrow"),
    ("mixot.engines.workers", "dask"),
    ("mixot.engines.workers", "distributed"),
}


def module_name(path: Path, sources: Path) -> str:
    parts = path.relative_to(sources.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(path: Path, sources: Path) -> Iterator[str]:
    """Every dotted name that the module imports, at its top or inside a function."""
    package = path.relative_to(sources.parent).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            near = package[: len(package) + 1 - node.level] if node.level else ()
            base = ".".join([*near, *filter(None, [node.module])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def imports(sources: Path) -> dict[str, set[str]]:
    return {
        module_name(path, sources): set(imported_names(path, sources))
        for path in sorted(sources.rglob("*.py"))
    }


def room(name: str) -> str:
    """Return the package, or the single module, under mixot that a dotted name lies in."""
    parts = name.split(".")
    return parts[1] if parts[0] == "mixot" and len(parts) > 1 else ""


def upward_imports(graph: dict[str, set[str]]) -> list[str]:
    wrong = []
    for module, names in graph.items():
        here = room(module)
        for name in names:
            there = room(name)
            is_upward = LEVEL.get(there, 0) >= max(LEVEL.get(here, 0), 1) and there != here
            if here and is_upward:
                wrong.append(f"{module} imports {name}")
    return sorted(wrong)


def circles(graph: dict[str, set[str]]) -> list[str]:
    def modules_of(module: str, names: set[str]) -> set[str]:
        # `from mixot.families import get` names an attribute: its module is one step shorter.
        found = {name if name in graph else name.rpartition(".")[0] for name in names}
        return {name for name in found if name in graph and name != module}

    edges = {module: modules_of(module, names) for module, names in graph.items()}
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    return imports(SOURCES)


def test_imports_go_downwards_only(graph):
    assert upward_imports(graph) == []


def test_no_module_imports_itself_through_others(graph):
    assert circles(graph) == []


def test_only_the_pipeline_knows_hydra_mlflow_and_snakemake(graph):
    knowing = {
        module
        for module, names in graph.items()
        if PIPELINE_TOOLS & {name.partition(".")[0] for name in names}
    }
    assert {module for module in knowing if room(module) != "pipeline"} == set()


def test_the_numerics_need_no_tables_plots_or_other_solvers(graph):
    packages = {"pandas", "pyarrow", "dask", "distributed", "matplotlib", "ot", "jax", "joblib"}
    found = {
        (module, name.partition(".")[0])
        for module, names in graph.items()
        if room(module) in NUMERICS
        for name in names
        if name.partition(".")[0] in packages | {"yaml"}
    }
    assert found <= FOREIGN


def test_an_import_of_the_package_loads_no_foreign_engine():
    code = "import sys, mixot; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "mixot.engines.sources" in loaded
    assert loaded.isdisjoint({"pyarrow", "dask", "distributed"})


def test_the_references_share_no_code_with_what_they_judge(graph):
    allowed = {"reference", "errors", "types"}
    shared = [
        f"{module} imports {name}"
        for module, names in graph.items()
        if room(module) == "reference"
        for name in names
        if name.partition(".")[0] == "mixot" and room(name) not in allowed
    ]
    assert shared == []


def test_an_import_upwards_is_noticed_wherever_it_hides(tmp_path):
    package = tmp_path / "mixot"
    for folder in ("families", "fitting"):
        (package / folder).mkdir(parents=True)
    (package / "types.py").write_text("def late():\n    from mixot import families\n")
    (package / "families" / "gaussian.py").write_text("from ..fitting.loop import iterate\n")
    (package / "fitting" / "loop.py").write_text("import mixot.families.gaussian\n")

    assert upward_imports(imports(package)) == [
        "mixot.families.gaussian imports mixot.fitting.loop.iterate",
        "mixot.types imports mixot.families",
    ]
    assert set(circles(imports(package))) == {"mixot.families.gaussian", "mixot.fitting.loop"}
