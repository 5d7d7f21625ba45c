# The dashboard: two jobs for its database, one after the other, since its import costs more than
# most of what there is to log. The command takes a lock besides, for those who fit by hand meanwhile.


rule track:
    input:
        every_fit(),
    output:
        touch("<results>/stamps/track/runs.done"),
    log:
        "<logs>/track/runs.log",
    resources:
        mlflow_writer=1,
    params:
        mixot=MIXOT,
        results=lambda wildcards: RESULTS,
        code=catalogue.package_digest("pipeline.tracking"),
    message:
        "track: runs of all problems ({log})"
    shell:
        "{params.mixot}.track paths.results={params.results} > {log} 2>&1"


# Finds the runs in place and adds what exists only at the end.
rule track_ledger:
    input:
        "<results>/stamps/track/runs.done",
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
