# The dashboard's database: made once, then filled by one writer at a time from run directories.


rule mlflow_init:
    output:
        touch("<results>/stamps/track/store.done"),
    log:
        "<logs>/track/store.log",
    resources:
        mlflow_writer=1,
    params:
        mixot=MIXOT,
        results=lambda wildcards: RESULTS,
    message:
        "mlflow_init: {params.results}/mlflow ({log})"
    shell:
        "{params.mixot}.track init=true paths.results={params.results} > {log} 2>&1"


rule track:
    input:
        "<results>/stamps/track/store.done",
        fits_of,
    output:
        touch("<results>/stamps/track/{problem}.done"),
    log:
        "<logs>/track/{problem}.log",
    resources:
        mlflow_writer=1,
    params:
        mixot=MIXOT,
        results=lambda wildcards: RESULTS,
        code=catalogue.package_digest("pipeline.tracking"),
    message:
        "track: runs of {wildcards.problem} ({log})"
    shell:
        "{params.mixot}.track problem={wildcards.problem} paths.results={params.results}"
        " > {log} 2>&1"


# Finds every problem's runs in place and adds what only exists at the end.
rule track_ledger:
    input:
        expand("<results>/stamps/track/{problem}.done", problem=STUDY.problems),
        "<results>/tables/claims.csv",
        rules.claims.output,
        expand("<results>/figures/{figure}.svg", figure=STUDY.figures),
    output:
        touch("<results>/stamps/track/ledger.done"),
    log:
        "<logs>/track/ledger.log",
    resources:
        mlflow_writer=1,
    params:
        mixot=MIXOT,
        results=lambda wildcards: RESULTS,
        code=catalogue.package_digest("pipeline.tracking"),
    message:
        "track_ledger: claims and figures ({log})"
    shell:
        "{params.mixot}.track paths.results={params.results} > {log} 2>&1"
