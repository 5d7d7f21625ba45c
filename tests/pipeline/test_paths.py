from pathlib import Path

import pytest

from mixot import runs
from mixot.pipeline import simulate


@pytest.mark.parametrize("name", ["a b", "~here", "it's", "x=y", "(1)", "[2]", "results"])
def test_results_may_go_to_a_folder_of_any_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        simulate.main(["problem=times_deaths", f"paths.results=./{name}"])
    assert stopped.value.code == 0
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name / "data/times_deaths/seed~0.npz").is_file()
    assert runs.find(tmp_path / name) == []
