"""Commands start fast: help, and every fit, import none of the heavy tools."""

import json
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

COMMANDS = sorted(
    (point for point in entry_points(group="console_scripts") if point.name.startswith("mixot-")),
    key=lambda point: point.name,
)

LOADED_AFTER_HELP = """
import contextlib, importlib, io, json, sys
sys.argv = [sys.argv[1], "--help"]
with contextlib.redirect_stdout(io.StringIO()) as text:
    try:
        code = importlib.import_module({module!r}).main()
    except SystemExit as end:
        code = end.code
packages = sorted({{name.partition(".")[0] for name in sys.modules}})
print(json.dumps([code or 0, len(text.getvalue()), packages]))
"""


def test_every_verb_has_its_command():
    assert [point.name.removeprefix("mixot-") for point in COMMANDS] == [
        "claim",
        "evidence",
        "experiment",
        "figure",
        "fit",
        "ledger",
        "manifest",
        "page",
        "simulate",
        "study",
        "track",
    ]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda point: point.name)
def test_help_is_given_without_loading_mlflow_matplotlib_or_snakemake(command):
    script = LOADED_AFTER_HELP.format(module=command.module)
    done = subprocess.run(
        [sys.executable, "-c", script, command.name], capture_output=True, text=True, check=True
    )
    code, length, modules = json.loads(done.stdout)
    assert code == 0
    assert length > 0
    assert {"mlflow", "matplotlib", "snakemake", "sklearn"} & set(modules) == set()
