"""`make bench` plans every cell, after the machine's description and before the report."""

import os
import re
import subprocess
import sys
from pathlib import Path

from mixot.benchmarks import cells

ROOT = Path(__file__).parents[2]


def test_the_rule_measures_every_cell_once(tmp_path):
    # As make calls it: a study's file is a configuration too, whose words must not reach a cell.
    arguments = ["--snakefile", str(ROOT / "Snakefile"), "--cores", "2", "--dry-run"]
    study = ["--configfile", str(ROOT / "conf" / "study" / "smoke.yaml"), "--printshellcmds"]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments, *study, "--", "bench"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    planned = re.findall(r"^Job \d+: bench_cell: (\S+) ", done.stdout, re.MULTILINE)
    assert sorted(planned) == sorted(cells.places())
    assert done.stdout.count("--effort full") == len(planned)
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", done.stdout.partition("Job stats:")[2], re.MULTILINE))
    assert jobs["total"] == str(len(cells.places()) + 2)
    assert (jobs["bench_machine"], jobs["bench"]) == ("1", "1")
