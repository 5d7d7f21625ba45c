"""What a fit can be told: the typed schema of `conf/fit.yaml` and of every group below it.

The types refuse a wrong key or type while Hydra composes; `check` refuses values that the types
cannot. Both answer with one line. Everything that is not about the numbers (where results go, who
tracks them, whether to replace) stands in groups of its own, so that the rest can be hashed.
"""

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from mixot.errors import InputError
from mixot.pipeline import epsilon


@dataclass
class ProblemConfig:
    """Which data. A null means what the problem itself says."""

    name: str = MISSING
    n_components: int | None = None
    # What synthetic problems can be varied in; each has some of these.
    n_samples: int | None = None
    n_features: int | None = None
    separation: float | None = None
    ratio: float | None = None
    degrees_of_freedom: float | None = None
    # The rest describes the user's own file (problem=file).
    path: str | None = None
    columns: list[str] | None = None
    weights_column: str | None = None
    weights_kind: str = "importance"


@dataclass
class FamilyConfig:
    """Which components; a null name is the first family that the problem recommends."""

    name: str | None = None
    # Known covariance: a number (spherical) or a matrix; null is the problem's own.
    covariance: Any = None


@dataclass
class SolverConfig:
    """Which plan, whether the mixture weights are free, and the temperature."""

    name: str = MISSING
    plan: str = MISSING
    # "free", "fixed" (the true weights of a synthetic problem, else uniform), or a list.
    weights: Any = "free"
    # Text, because it names folders; `mixot.pipeline.epsilon` makes it canonical.
    epsilon: str = "1"


@dataclass
class InitConfig:
    """Where the iteration starts."""

    name: str = MISSING


@dataclass
class StoppingConfig:
    """When the iteration ends: `tol` bounds the projected distance to the limit."""

    tol: float = MISSING
    max_iter: int = MISSING


@dataclass
class PathsConfig:
    """Where results go; relative to the folder of the call."""

    results: str = "results"


@dataclass
class StampedPathsConfig(PathsConfig):
    """Where results go, and where to list them with their keys when all are there."""

    stamp: str | None = None


@dataclass
class TrackerConfig:
    """Who is told about finished runs: nobody, or MLflow."""

    name: str = "none"


@dataclass
class FitConfig:
    """One fit."""

    problem: ProblemConfig = field(default_factory=ProblemConfig)
    family: FamilyConfig = field(default_factory=FamilyConfig)
    solver: SolverConfig = field(default_factory=SolverConfig)
    init: InitConfig = field(default_factory=InitConfig)
    stopping: StoppingConfig = field(default_factory=StoppingConfig)
    # An integer >= 0, or a list of them: then the fits run one after the other in one job, which
    # saves the composition (a tenth of a second) that a job of a Hydra sweep costs.
    seed: Any = 0
    # If given, the data must have this digest; a stored config.yaml carries it.
    data_digest: str | None = None
    paths: StampedPathsConfig = field(default_factory=StampedPathsConfig)
    tracker: TrackerConfig = field(default_factory=TrackerConfig)
    # Replace a run directory that holds another run; without it such a directory is refused.
    overwrite: bool = False


WEIGHTS_KINDS = ("importance", "frequency")
TRACKERS = ("none", "mlflow")
BALANCED = {"free": ("ot_balanced_free", "balanced_free"), "fixed": ("ot_balanced", "balanced")}
HARD_PLANS = ("hard", "hard_weighted")


def checked(config: FitConfig) -> FitConfig:
    """Return the configuration with canonical epsilon and solver, or raise InputError."""
    _one_of("problem.weights_kind", config.problem.weights_kind, WEIGHTS_KINDS)
    _one_of("tracker.name", config.tracker.name, TRACKERS)
    for key, count in (
        ("problem.n_samples", config.problem.n_samples),
        ("problem.n_components", config.problem.n_components),
        ("stopping.max_iter", config.stopping.max_iter),
    ):
        if count is not None and count < 1:
            raise InputError(f"{key}={count}: out of range; allowed: an integer >= 1")
    config.seed = _seeds(config.seed)
    if not 0 < config.stopping.tol < 1:
        raise InputError(
            f"stopping.tol={config.stopping.tol}: out of range; allowed: a number between 0 and 1"
        )
    if not config.paths.results:
        raise InputError("paths.results=: empty; allowed: a folder to write to")
    config.solver = _solver(config.solver)
    return config


def _seeds(seed: Any) -> list[int]:
    """Return the seeds as a list."""
    seeds = list(seed) if isinstance(seed, list | tuple) else [seed]
    whole = all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in seeds)
    if not seeds or not whole or len(set(seeds)) < len(seeds):
        raise InputError(
            f"seed={seed}: not understood; allowed: an integer >= 0, or a list of different ones"
        )
    return seeds


def _solver(solver: SolverConfig) -> SolverConfig:
    """Give the balanced solver the name that its weights ask for, and check the rest."""
    given = epsilon.canonical(solver.epsilon, "solver.epsilon")
    is_hard = solver.plan in HARD_PLANS
    if is_hard and given != "0":
        raise InputError(
            f"solver.epsilon={solver.epsilon}: {solver.name} is the limit epsilon -> 0; allowed: 0"
        )
    if not is_hard and given == "0":
        raise InputError(
            f"solver.epsilon={solver.epsilon}: out of range; allowed: {epsilon.ALLOWED}"
        )
    weights = _weights(solver.weights)
    name, plan = solver.name, solver.plan
    if plan in ("balanced", "balanced_free"):
        name, plan = BALANCED["free" if weights == "free" else "fixed"]
    elif is_hard and weights != "free":
        raise InputError(
            f"solver.weights={solver.weights}: {name} has no use for them; allowed: free"
        )
    return SolverConfig(name=name, plan=plan, weights=weights, epsilon=given)


def _weights(weights: Any) -> str | list[float]:
    """Return "free", "fixed", or positive numbers that sum to 1."""
    allowed = "free, fixed, or a list of positive numbers that sum to 1"
    if weights in ("free", "fixed"):
        return str(weights)
    if isinstance(weights, list | tuple) and weights:
        try:
            numbers = [float(weight) for weight in weights]
        except (TypeError, ValueError):
            numbers = []
        # Sums of short decimals differ from 1 by round-off only.
        if numbers and min(numbers) > 0 and abs(sum(numbers) - 1) < 1e-9:
            return numbers
    raise InputError(f"solver.weights={weights}: not understood; allowed: {allowed}")


def _one_of(key: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f"{key}={value}: unknown; allowed: {', '.join(allowed)}")
