# What all rules share: the study, the command, and look-ups in the study by wildcards.
import json
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

from mixot.errors import InputError
from mixot.pipeline import catalogue, grid, recovery

MIXOT = f"{sys.executable} -m mixot.pipeline"
RESULTS = str(config.get("results", "results"))


def chosen_study():
    """Return the study of --config study=..., or of --configfile, or the full one: place, contents."""
    source = str(config.get("study", "full"))
    if "grids" in config:
        if len(workflow.configfiles) != 1:
            raise WorkflowError(
                "a study is one file: give one --configfile, or --config study=..."
            )
        source = str(workflow.configfiles[0])
    try:
        return source, grid.load(source)
    except InputError as error:
        raise WorkflowError(str(error)) from None


STUDY_SOURCE, STUDY = chosen_study()
BATCHES = {(b.grid, b.problem, b.family, b.block): b for b in grid.batches(STUDY)}

# A stamp whose outputs were deleted by hand would hide that they are missing.
grid.forget_missing(STUDY, Path(RESULTS))
recovery.mark(Path.cwd())


def batch(wildcards):
    """Return the batch that the wildcards of a fit name."""
    return BATCHES[
        (wildcards.grid, wildcards.problem, wildcards.family, wildcards.block)
    ]


def block_seeds(wildcards):
    """Return a block's seeds as a list for a command."""
    return ",".join(map(str, STUDY.blocks[wildcards.block]))


def fit_stamp(batch):
    """Return the stamp of a batch of fits."""
    place = f"{batch.grid}/{batch.problem}/{batch.family}/seeds~{batch.block}.done"
    return f"<results>/stamps/fits/{place}"


def fits_of(wildcards):
    """Return the stamps of all fits of a problem."""
    return [fit_stamp(b) for b in BATCHES.values() if b.problem == wildcards.problem]


def every_fit():
    """Return the stamps of all fits."""
    return [fit_stamp(b) for b in BATCHES.values()]


def experiments_of(wildcards):
    """Return, by experiment, the families that it looks at on a problem."""
    return {
        experiment: problems[wildcards.problem]
        for experiment, problems in STUDY.evidence.items()
        if wildcards.problem in problems
    }


def experiment_group(wildcards):
    """Return the experiments of a group as a list for a command."""
    return ",".join(STUDY.experiment_groups[wildcards.group])


def experiment_stamps():
    """Return the stamps of all experiments that stand by themselves."""
    return [f"<results>/stamps/experiments/{g}.done" for g in STUDY.experiment_groups]


def evidence_arguments(wildcards):
    """Return what an evidence command is told besides the problem, for each set of families."""
    by_families = {}
    for experiment, families in experiments_of(wildcards).items():
        by_families.setdefault(",".join(families), []).append(experiment)
    seeds = ",".join(map(str, range(STUDY.seeds)))
    return [
        f"families=[{families}] experiments=[{','.join(experiments)}] seeds=[{seeds}]"
        for families, experiments in by_families.items()
    ]


def with_evidence():
    """Return the problems that some experiment looks at."""
    return sorted(
        {problem for problems in STUDY.evidence.values() for problem in problems}
    )


def stamps():
    """Return the stamps of all data, fits, evidence and tracking."""
    return sorted(f"<results>/{stamp}" for stamp in grid.stamps(STUDY))
