# What the package costs beside its peers: one job a cell, one cell at a time, all of them measured in
# one run. `make bench` forces the machine's description, on which everything else depends, so that
# it measures anew each time. Nothing here is part of the study.
from mixot.benchmarks import cells

BENCH = f"{sys.executable} -m mixot.benchmarks"
# Not `effort`, which is a study's word for its experiments.
EFFORT = str(config.get("bench_effort", "full"))


rule bench_machine:
    output:
        "<results>/bench/machine.json",
    log:
        "<logs>/bench/machine.log",
    params:
        bench=BENCH,
        results=lambda wildcards: RESULTS,
    message:
        "bench_machine: {output} ({log})"
    shell:
        "{params.bench} machine --results {params.results}/bench > {log} 2>&1"


# All cores, so that nothing else runs beside what is timed.
rule bench_cell:
    input:
        "<results>/bench/machine.json",
    output:
        "<results>/bench/cells/{group}/{cell}.json",
    log:
        "<logs>/bench/{group}/{cell}.log",
    wildcard_constraints:
        group="[a-z_]+",
        cell="[a-z0-9-]+",
    threads: workflow.cores
    params:
        bench=BENCH,
        results=lambda wildcards: RESULTS,
        effort=EFFORT,
    message:
        "bench_cell: {wildcards.group}/{wildcards.cell} ({log})"
    shell:
        "{params.bench} run {wildcards.group}/{wildcards.cell} --effort {params.effort}"
        " --results {params.results}/bench > {log} 2>&1"


rule bench:
    input:
        lambda wildcards: [
            f"<results>/bench/cells/{place}.json" for place in cells.places()
        ],
    output:
        "<results>/bench/table.csv",
        "<results>/bench/summary.md",
        "<results>/bench/bench.svg",
        "<results>/bench/bench.png",
        "<results>/bench/transport.svg",
        "<results>/bench/transport.png",
    log:
        "<logs>/bench/report.log",
    params:
        bench=BENCH,
        results=lambda wildcards: RESULTS,
    message:
        "bench: {output} ({log})"
    shell:
        "{params.bench} report --results {params.results}/bench > {log} 2>&1"
