"""Kill a study at random moments, start it again, and compare what it ends in.

    python workflow/scripts/kill_test.py --times 10 --output results/reference/kill-test.json

Every trial starts the study in an empty folder, ends processes of it with SIGKILL after a random
time (in turn all of them, snakemake alone, or a single job), and then does what `make reproduce`
does: recover, and run again. The manifest of deterministic files must be that of an undisturbed
run. Code 1 if any trial ends otherwise.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = Path("results", "MANIFEST.sha256")
TARGETS = ("everything", "snakemake", "job")


def start(folder: Path, study: str, cores: int) -> subprocess.Popen[bytes]:
    """Start the study in `folder`, as `make reproduce` does after recovering."""
    command = [
        *(sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")),
        *("--cores", str(cores), "--rerun-incomplete", "--config", f"study={study}"),
    ]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)


def complete(folder: Path, study: str, cores: int) -> bytes:
    """Recover, run to the end, and return the manifest."""
    recover = [sys.executable, "-m", "mixot.pipeline.study", "recover"]
    subprocess.run(recover, cwd=folder, check=True)
    code = start(folder, study, cores).wait()
    if code:
        raise SystemExit(f"the study ended with code {code}, see {folder / 'log'}")
    return (folder / MANIFEST).read_bytes()


def kill(process: subprocess.Popen[bytes], target: str) -> str:
    """Kill what `target` names; return what was killed in the end."""
    try:
        children = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return "nothing"
    jobs = [child for child in children if "mixot.pipeline" in " ".join(_words(child))]
    if target == "job" and jobs:
        victims, after = [jobs[-1]], None
    else:
        victims, after = (children if target == "everything" else []), process
    if after is not None:
        after.kill()
    for victim in victims:
        try:
            victim.kill()
        except psutil.NoSuchProcess:
            continue
    process.wait()
    return target if after is None or target != "job" else "snakemake"


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def main() -> int:
    """Run the trials and write what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--study", default="smoke")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="of the random moments")
    parser.add_argument("--output", type=Path)
    told = parser.parse_args()
    moments = random.Random(told.seed)
    trials = []
    with tempfile.TemporaryDirectory(prefix="mixot-kill-") as base:
        undisturbed = Path(base, "undisturbed")
        undisturbed.mkdir()
        began = time.monotonic()
        expected = complete(undisturbed, told.study, told.cores)
        length = time.monotonic() - began
        print(f"undisturbed: {length:.0f} s, {len(expected.splitlines())} files", flush=True)
        for number in range(told.times):
            folder = Path(base, f"trial-{number}")
            folder.mkdir()
            moment = moments.uniform(0.0, length)
            process = start(folder, told.study, told.cores)
            time.sleep(moment)
            killed = kill(process, TARGETS[number % len(TARGETS)])
            finished = len(list(folder.glob("results/fits/*/*/*/*/seed~*/result.json")))
            identical = complete(folder, told.study, told.cores) == expected
            trials.append(
                {
                    "killed": killed,
                    "after_seconds": round(moment, 1),
                    "fits_finished": finished,
                    "identical": identical,
                }
            )
            print(f"trial {number}: {json.dumps(trials[-1])}", flush=True)
    same = sum(trial["identical"] for trial in trials)
    print(f"{same} of {len(trials)} trials ended in the files of the undisturbed run")
    if told.output:
        told.output.parent.mkdir(parents=True, exist_ok=True)
        summary = {"study": told.study, "trials": trials, "identical": same, "killed": len(trials)}
        told.output.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return 0 if same == len(trials) else 1


if __name__ == "__main__":
    sys.exit(main())
