"""Which edits make a result stale."""

import shutil
from pathlib import Path

import pytest

from mixot.pipeline.digest import ROOT, closure, code_digest, fit_digest


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package's sources."""
    copy = tmp_path / "mixot"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("__pycache__", "data", "*.yaml"))
    return copy


def edit(package: Path, module: str, addition: str) -> None:
    path = package / module
    path.write_text(path.read_text(encoding="utf-8") + addition, encoding="utf-8")


GAUSSIAN_EM = ("gaussian-full", "semirelaxed")
CODE = "\n_EDITED = 1\n"
COMMENT = "\n# A comment is not code.\n"


@pytest.mark.parametrize(
    "module",
    [
        "families/gaussian.py",
        "families/covariances.py",
        "transport/plans/semirelaxed.py",
        "fitting/loop.py",
        "fitting/starts/smoothed.py",
        "pipeline/score.py",
        "types.py",
    ],
)
def test_an_edit_of_what_a_fit_uses_changes_its_digest(module: str, package: Path) -> None:
    before = fit_digest(*GAUSSIAN_EM, root=package)
    edit(package, module, CODE)
    assert fit_digest(*GAUSSIAN_EM, root=package) != before


@pytest.mark.parametrize(
    "module",
    [
        "families/poisson.py",
        "transport/plans/balanced_free.py",
        "transport/plans/hard.py",
        "figures/gap.py",
        "claims/verdict.py",
        "evidence/records.py",
        "problems/library/poisson.py",
        "reference/em.py",
        "pipeline/ledger.py",
        "pipeline/schema.py",
        "__init__.py",
    ],
)
def test_an_edit_elsewhere_leaves_the_digest_alone(module: str, package: Path) -> None:
    before = fit_digest(*GAUSSIAN_EM, root=package)
    edit(package, module, CODE)
    assert fit_digest(*GAUSSIAN_EM, root=package) == before


def test_new_modules_leave_the_digests_of_fits_alone(package: Path) -> None:
    fits = (GAUSSIAN_EM, ("poisson", "balanced_free"))
    before = [fit_digest(*fit, root=package) for fit in fits]
    for folder in ("families", "transport/plans", "figures", "claims", "problems/library"):
        (package / folder / "added.py").write_text("ADDED = 1\n", encoding="utf-8")
    assert [fit_digest(*fit, root=package) for fit in fits] == before


def test_comments_docstrings_and_layout_are_not_code(package: Path) -> None:
    before = fit_digest(*GAUSSIAN_EM, root=package)
    path = package / "families" / "gaussian.py"
    source = path.read_text(encoding="utf-8")
    path.write_text(source.replace('"""', '"""Edited. ', 1) + COMMENT, encoding="utf-8")
    assert fit_digest(*GAUSSIAN_EM, root=package) == before


def test_an_experiment_depends_on_the_references_and_a_figure_does_not() -> None:
    assert "mixot.reference.em" in closure(["mixot.evidence.descent"])
    assert not any("reference" in name for name in closure(["mixot.figures.energy"]))


def test_imports_are_followed_in_every_form(tmp_path: Path) -> None:
    root = tmp_path / "mixot"
    (root / "sub").mkdir(parents=True)
    modules = {
        "__init__.py": "",
        "a.py": "import mixot.b\nfrom mixot import c\n",
        "b.py": "def later():\n    from .sub import d\n",
        "c.py": "import os\n",
        "sub/__init__.py": "from . import e\n",
        "sub/d.py": "from ..f import something\n",
        "sub/e.py": "",
        "f.py": "",
        "unused.py": "",
    }
    for name, source in modules.items():
        (root / name).write_text(source, encoding="utf-8")
    found = closure(["mixot.a"], root=root)
    assert found == tuple(f"mixot{s}" for s in (".a", ".b", ".c", ".f", ".sub", ".sub.d", ".sub.e"))


def test_a_start_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"mixot\.families\.nothing"):
        code_digest("mixot.families.nothing")
