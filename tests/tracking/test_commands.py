import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from mixot.pipeline.track import main
from mixot.pipeline.tracking import store, track


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _ask(address: str, question: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        address, json.dumps(question).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        read: dict[str, Any] = json.load(answer)
    return read


def test_the_dashboard_serves_the_runs(results: Path, tmp_path: Path) -> None:
    track(results)
    port = _free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", store.uri(store.database(results))]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=tmp_path) as server,
    ):
        try:
            base = f"http://127.0.0.1:{port}"
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"{base}/health", timeout=5).close()
                    break
                except OSError:
                    assert server.poll() is None, (tmp_path / "log").read_text()
                    time.sleep(0.1)
            answer = _ask(f"{base}/api/2.0/mlflow/experiments/search", {"max_results": 10})
            names = {e["name"]: e["experiment_id"] for e in answer["experiments"]}
            assert set(names) == {"mixot/faithful", "mixot/times_deaths"}
            question = {
                "experiment_ids": [names["mixot/times_deaths"]],
                "filter": "tags.\"mixot.role\" = 'showcase' and params.\"solver.name\" = 'em'",
            }
            (run,) = _ask(f"{base}/api/2.0/mlflow/runs/search", question)["runs"]
            assert run["info"]["run_name"] == "em eps=1 seed=0"
            listed = f"{base}/api/2.0/mlflow/artifacts/list?run_id={run['info']['run_id']}"
            with urllib.request.urlopen(listed, timeout=30) as reply:
                files = {file["path"] for file in json.load(reply)["files"]}
            assert {"showcase.png", "trace.npz", "config.yaml"} <= files
        finally:
            server.terminate()
            server.wait(timeout=30)


def _code(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(str(ended.value.code))


def test_init_makes_an_empty_store_where_there_was_no_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "new" / "results"
    assert _code(["--init", "--results", str(results)]) == 0
    assert capsys.readouterr().out == "the store is ready\n"
    assert store.connect(store.database(results)).search_experiments() == []


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--problem", "wine"], "problem=wine: no finished runs"),
        (["--rebuild", "problem=faithful"], "rebuild=true: empties the whole store"),
        (["--problem"], "--problem: needs a value"),
        (["colour=red"], "colour=red"),
        (["paths.results=missing"], "paths.results=missing: no such folder"),
    ],
)
def test_a_request_that_cannot_be_served_is_refused_in_one_line(
    arguments: list[str], line: str, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = [] if "paths" in arguments[-1] else [f"paths.results={results}"]
    assert _code([*where, *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"mixot-track: error: {line}")
    assert said.count("\n") == 1
