"""The tree keeps its shape: agreed entries at the top, one idea a module, no machine's traces."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TOP_LEVEL = {
    "Snakefile",
    "pyproject.toml",
    "README.md",
    "conf",
    "workflow",
    "src",
    "tests",
    "results",
    "Makefile",
    "LICENSE",
    "CITATION.cff",
    "CHANGELOG.md",
    "requirements.lock",
    ".gitignore",
    ".ci",
    ".pre-commit-config.yaml",
}


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [Path(name) for name in listing.stdout.split("\0") if name]


def test_the_top_level_is_exactly_the_agreed_one(tracked):
    assert {path.parts[0] for path in tracked} == TOP_LEVEL


def test_under_results_only_the_note_and_the_published_tables_are_tracked(tracked):
    kept = {path.parts[1] for path in tracked if path.parts[0] == "results"}
    assert kept == {"README.md", "reference"}


def test_every_module_stays_within_400_lines(tracked):
    modules = [path for path in tracked if path.parts[0] == "src" and path.suffix == ".py"]
    lengths = {
        str(path): len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in modules
    }
    assert {path: length for path, length in lengths.items() if length > 400} == {}


def test_no_tracked_file_names_a_path_of_somebodys_machine(tracked):
    home = re.compile(rb"(?<![\w.])/(home|Users|root)/\w")
    found = [path for path in tracked if home.search((ROOT / path).read_bytes())]
    assert found == []
