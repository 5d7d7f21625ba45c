# Data and fits, in batches: an interpreter's start costs more than most fits. A batch declares one
# stamp, which lists what it stands for with its keys: snakemake deletes declared outputs before a
# job, and it looks at contents, so neither the runs themselves nor an empty file would do.


rule simulate:
    output:
        "<results>/stamps/data/{problem}/seeds~{block}.done",
    log:
        "<logs>/simulate/{problem}/seeds~{block}.log",
    params:
        mixot=MIXOT,
        results=lambda wildcards: RESULTS,
        seeds=block_seeds,
        code=lambda wildcards: catalogue.generator_digest(wildcards.problem),
    message:
        "simulate: data of {wildcards.problem}, seeds {params.seeds} ({log})"
    shell:
        "{params.mixot}.simulate problem={wildcards.problem} 'seed=[{params.seeds}]'"
        " paths.results={params.results} paths.stamp={output} tracker=none > {log} 2>&1"


# overwrite: a batch is run again because code, data or the study have changed, and the reason that
# snakemake prints says which; what is superseded is replaced, what is not is kept.
rule fit:
    input:
        "<results>/stamps/data/{problem}/seeds~{block}.done",
    output:
        "<results>/stamps/fits/{grid}/{problem}/{family}/seeds~{block}.done",
    log:
        "<logs>/fit/{grid}/{problem}/{family}/seeds~{block}.log",
    group:
        "fits"
    params:
        mixot=MIXOT,
        results=lambda wildcards: RESULTS,
        overrides=lambda wildcards: batch(wildcards).overrides,
        code=lambda wildcards: batch(wildcards).code,
    message:
        "fit: {wildcards.problem} {wildcards.family} {params.overrides} ({log})"
    shell:
        "{params.mixot}.fit -m problem={wildcards.problem} family.name={wildcards.family}"
        " {params.overrides} paths.results={params.results} paths.stamp={output} tracker=none"
        " overwrite=true > {log} 2>&1"
