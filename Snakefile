# The note, reproduced: data -> fits -> evidence -> claims, figures, dashboard, page.
#
#   snakemake --cores all                                    the full study into results/
#   snakemake --cores all --config study=smoke               another study of conf/study, or a path
#   snakemake --cores all --config results=elsewhere         another folder
#
# What is in a study and how it is checked: src/mixot/pipeline/grid.py. Rules call the package's
# commands, each line can be run by hand. Finished fits are skipped by their run_key, not by
# timestamps, so a batch that is started again costs what is new in it.
from snakemake.utils import min_version

min_version("9.17")


# Every job runs in the environment that snakemake itself runs in (see the lock); this names the
# plain base that such an environment is made on, for the linter and for whoever builds an image.
container: "docker://python:3.12-slim"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"


pathvars:
    results=RESULTS,
    logs="<results>/logs",


wildcard_constraints:
    problem="[a-z_]+",
    family="[a-z-]+",
    grid="[a-z0-9_]+",
    block="[0-9]+",


include: "workflow/rules/fits.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/tracking.smk"
include: "workflow/rules/bench.smk"


# Stamps are named one by one: snakemake does not miss an intermediate file by itself.
rule all:
    default_target: True
    input:
        stamps(),
        "<results>/stamps/verdict.done",


onerror:
    print("The study stopped. Each failed rule above names its run and its log.")
    print(f"The same command goes on from here. Logs: {RESULTS}/logs")
