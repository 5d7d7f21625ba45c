"""Every file under conf composes, and what is wrong is refused in one line."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir

from mixot import problems
from mixot.pipeline import app, catalogue, grid, schema
from mixot.pipeline.data import load
from mixot.transport import plans

CONF = app.conf_folder()
GROUPS = ("problem", "solver", "init", "stopping", "tracker")
OPTIONS = [(group, path.stem) for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_composes_and_passes_the_checks(group: str, option: str) -> None:
    overrides = [f"{group}={option}"]
    with initialize_config_dir(version_base=app.VERSION_BASE, config_dir=str(CONF)):
        config = app.read_config(compose(config_name="fit", overrides=overrides))
    assert getattr(getattr(config, group), "name", option) == option


def test_no_file_under_conf_is_left_out_by_the_tests_above() -> None:
    known = {"fit.yaml", *(f"{group}/{option}.yaml" for group, option in OPTIONS)}
    known |= {f"experiment/{name}.yaml" for name in catalogue.experiment_names()}
    known |= {"study/full.yaml", "study/smoke.yaml", "sweep/epsilon_seed.yaml"}
    assert {path.relative_to(CONF).as_posix() for path in CONF.rglob("*.yaml")} == known


def test_the_problems_of_the_package_and_of_conf_are_the_same() -> None:
    assert {option for group, option in OPTIONS if group == "problem"} == set(problems.names())


def test_every_option_of_every_problem_can_be_set() -> None:
    fields = set(schema.ProblemConfig.__dataclass_fields__)
    assert set().union(*(problems.options(name) for name in problems.names())) <= fields


def test_the_solvers_use_all_plans_and_no_others() -> None:
    assert {catalogue.plan_of(solver) for solver in catalogue.solver_names()} == set(plans.names())
    hard = {name for name in plans.names() if plans.get(name).hard}
    assert hard == set(schema.HARD_PLANS)


def test_a_balanced_solver_takes_its_name_from_its_weights() -> None:
    free = schema.SolverConfig("ot_balanced", "balanced", "free", "1.0")
    fixed = schema.SolverConfig("ot_balanced_free", "balanced_free", "fixed", "1.0")
    names = []
    for solver in (free, fixed):
        config = schema.FitConfig(solver=solver)
        config.stopping = schema.StoppingConfig(1e-8, 10)
        names.append(schema.checked(config).solver)
    assert [(s.name, s.plan, s.epsilon) for s in names] == [
        ("ot_balanced_free", "balanced_free", "1"),
        ("ot_balanced", "balanced", "1"),
    ]


def test_giving_a_default_is_not_a_departure(tmp_path: Path) -> None:
    given = schema.ProblemConfig(name="isotropic", n_samples=1000, n_components=4)
    assert load(given, 0, tmp_path).departures == {}
    other = schema.ProblemConfig(name="isotropic", n_samples=500)
    assert load(other, 0, tmp_path).departures == {"n_samples": 500}


REFUSED = [
    (["solver=foo"], "solver=foo", "em, hard"),
    (["problem=foo"], "problem=foo", "faithful"),
    (["solver.foo=1"], "solver.foo=1", "solver.epsilon"),
    (["foo=1"], "foo=1", "problem, family, solver"),
    (["study=full"], "study=full", "problem, family, solver"),
    (["+foo=1"], "foo=1", "problem, family, solver"),
    (["stopping.max_iter=abc"], "stopping.max_iter=abc", "an integer"),
    (["stopping.max_iter=0"], "stopping.max_iter=0", ">= 1"),
    (["stopping.tol=nan"], "stopping.tol=nan", "between 0 and 1"),
    (["solver.epsilon=0"], "solver.epsilon=0", "> 0"),
    (["solver.epsilon=-1"], "solver.epsilon=-1", "> 0"),
    (["solver.epsilon=abc"], "solver.epsilon=abc", "> 0"),
    (["solver=hard", "solver.epsilon=1"], "solver.epsilon=1", "0"),
    (["solver.weights=some"], "solver.weights=some", "free, fixed"),
    (["solver.weights=[0.5,0.6]"], "solver.weights=[0.5, 0.6]", "sum to 1"),
    (["solver=hard", "solver.weights=fixed"], "solver.weights=fixed", "free"),
    (["family.name=foo"], "foo", "gaussian-full"),
    (["seed=-1"], "seed=-1", ">= 0"),
    (["seed=x"], "seed=x", ">= 0"),
    (["seed"], "seed", "key=value"),
    (["solver=em,hard"], "solver=em,hard", "-m"),
    (["problem.n_components=0"], "problem.n_components=0", ">= 1"),
    (["problem.n_samples=10"], "problem.n_samples=10", "problem.n_components"),
    (["init=truth"], "init=truth", "init=smoothed"),
    (["tracker=foo"], "tracker=foo", "mlflow, none"),
    (["--foo"], "--foo", "key=value"),
    (["paths.results=/proc/nowhere"], "paths.results=/proc/nowhere", "a folder"),
]


@pytest.mark.parametrize(("arguments", "named", "allowed"), REFUSED, ids=lambda v: str(v)[:40])
def test_bad_configuration_is_refused_in_one_line(
    arguments: list[str],
    named: str,
    allowed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from mixot.pipeline import fit

    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        fit.main([*arguments, "tracker.name=none"] if "tracker=foo" not in arguments else arguments)
    said = capsys.readouterr()
    assert stopped.value.code == 2, said
    assert said.err.count("\n") == 1
    assert said.err.startswith("mixot-fit: error: ")
    assert named in said.err
    assert allowed in said.err.partition(named)[2]
    assert list(tmp_path.iterdir()) == []


STUDY = yaml.safe_load((CONF / "study" / "smoke.yaml").read_text(encoding="utf-8"))


def broken(**changes: object) -> dict[str, object]:
    return {**STUDY, **changes}


def with_grid(**changes: object) -> dict[str, object]:
    return {**STUDY, "grids": [{**STUDY["grids"][0], **changes}], "evidence": {}}


@pytest.mark.parametrize(
    ("study", "line"),
    [
        (broken(seedz=3), r"no such key 'seedz'; allowed: name, seeds"),
        (broken(seeds=0), r"seeds=0: .*seeds"),
        (broken(seeds="x"), r"seeds='x'"),
        (with_grid(epsilons=["1e-2"], solvers=["em"]), r"epsilons\[0\]='1e-2': .*canonical"),
        (with_grid(epsilons=[0.1], solvers=["em"]), r"epsilons\[0\]=0.1: .*canonical"),
        (with_grid(epsilons=["0"], solvers=["em"]), r"epsilons\[0\]='0': .*positive"),
        (with_grid(epsilons=["1.0"], solvers=["em"]), r"epsilons\[0\]='1.0': .*canonical"),
        (with_grid(epsilons=["2"]), r"solvers=hard: is the limit"),
        (with_grid(solvers=["foo"]), r"solvers=foo: unknown; allowed: em, hard"),
        (with_grid(problems={"foo": ["poisson"]}), r"problems=foo: unknown; allowed: "),
        (with_grid(problems={"iris": ["foo"]}), r"iris=foo: unknown; allowed: .*gaussian-diag"),
        (
            broken(grids=[STUDY["grids"][0], {**STUDY["grids"][0], "name": "b"}]),
            r"is also in grids",
        ),
        (broken(evidence={"foo": {"iris": ["gaussian-full"]}}), r"evidence"),
        (broken(evidence={"gap": {"iris": ["gaussian-full"]}}), r"nothing is fitted"),
        (broken(claims=["Z9"]), r"claims=Z9: unknown"),
        (broken(figures=["foo"]), r"figures=foo: unknown; allowed: "),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_study_is_refused_in_one_line(study: dict[str, object], line: str) -> None:
    with pytest.raises(grid.InputError, match=line) as refused:
        grid.load(study)
    assert "\n" not in str(refused.value)


def test_the_studies_are_valid_and_within_their_budget() -> None:
    sizes = {
        name: sum(len(list(batch.runs())) for batch in grid.batches(grid.load(name)))
        for name in ("full", "smoke")
    }
    assert sizes["full"] <= 2600
    assert sizes["smoke"] <= 200


@pytest.mark.parametrize(
    "arguments",
    [["check", "study=nowhere"], ["check", "foo=1"], ["foo"], []],
    ids=str,
)
def test_mixot_study_refuses_in_one_line(
    arguments: list[str], command: Callable[..., object]
) -> None:
    outcome = command("study", *arguments)
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert "allowed: " in outcome.err
