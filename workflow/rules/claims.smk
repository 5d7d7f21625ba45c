# From finished runs to evidence, claims, figures, and the verdict.


rule study:
    output:
        "<results>/study.yaml",
    log:
        "<logs>/study.log",
    params:
        mixot=MIXOT,
        results=lambda wildcards: RESULTS,
        source=STUDY_SOURCE,
        content=lambda wildcards: json.dumps(grid.plain(STUDY), sort_keys=True),
    message:
        "study: {params.source} ({log})"
    shell:
        "{params.mixot}.study record study={params.source} paths.results={params.results}"
        " > {log} 2>&1"


# Each entry of `arguments` is the rest of one command, and its words are for the shell to split.
rule evidence:
    input:
        fits_of,
    output:
        "<results>/stamps/evidence/{problem}.done",
    log:
        "<logs>/evidence/{problem}.log",
    params:
        mixot=MIXOT,
        results=lambda wildcards: RESULTS,
        arguments=evidence_arguments,
        code=lambda wildcards: catalogue.package_digest(
            "evidence", *experiments_of(wildcards)
        ),
    message:
        "evidence: {wildcards.problem} ({log})"
    shell:
        "set -f; for arguments in {params.arguments:q}; do"
        " {params.mixot}.evidence problem={wildcards.problem} $arguments"
        " paths.results={params.results};"
        " done > {log} 2>&1;"
        " set +f; cat {params.results}/evidence/*/{wildcards.problem}/*.key > {output}"


# A process for the experiments of a group. What is in it already and still holds is kept.
rule experiment:
    output:
        "<results>/stamps/experiments/{group}.done",
    log:
        "<logs>/experiment/{group}.log",
    params:
        mixot=MIXOT,
        results=lambda wildcards: RESULTS,
        effort=STUDY.effort,
        names=experiment_group,
        code=lambda wildcards: catalogue.experiments_digest(
            STUDY.experiment_groups[wildcards.group]
        ),
    message:
        "experiment: {params.names} ({log})"
    shell:
        "{params.mixot}.experiment 'experiments=[{params.names}]'"
        " effort={params.effort} paths.results={params.results} > {log} 2>&1;"
        " for name in $(echo {params.names} | tr , ' ');"
        " do cat {params.results}/evidence/$name/series.key; done > {output}"


rule claims:
    input:
        "<results>/study.yaml",
        expand("<results>/stamps/evidence/{problem}.done", problem=with_evidence()),
        experiment_stamps(),
    output:
        expand("<results>/claims/{claim}.json", claim=STUDY.claims),
    log:
        "<logs>/claims.log",
    params:
        mixot=MIXOT,
        results=lambda wildcards: RESULTS,
        names=",".join(STUDY.claims),
        code=catalogue.package_digest("claims"),
        statements=catalogue.statements_digest(),
    message:
        "claims: {params.names} ({log})"
    shell:
        "{params.mixot}.claim 'claims=[{params.names}]' paths.results={params.results}"
        " > {log} 2>&1"


rule ledger:
    input:
        "<results>/study.yaml",
        rules.claims.output,
    output:
        report(
            "<results>/tables/claims.csv",
            caption="../report/claims.rst",
            category="Claims",
            labels={"shows": "every claim and its verdict"},
        ),
        "<results>/tables/sentences.csv",
    log:
        "<logs>/ledger.log",
    params:
        mixot=MIXOT,
        results=lambda wildcards: RESULTS,
        statements=catalogue.statements_digest(),
    message:
        "ledger: {output} ({log})"
    shell:
        "{params.mixot}.ledger write paths.results={params.results} > {log} 2>&1"


rule figure:
    input:
        every_fit(),
        expand("<results>/stamps/evidence/{problem}.done", problem=with_evidence()),
        experiment_stamps(),
        rules.claims.output,
    output:
        report(
            "<results>/figures/{figure}.svg",
            caption="../report/figure.rst",
            category="Figures",
            labels={"shows": "{figure}"},
        ),
        "<results>/figures/{figure}.png",
    log:
        "<logs>/figure/{figure}.log",
    params:
        mixot=MIXOT,
        results=lambda wildcards: RESULTS,
        code=lambda wildcards: catalogue.package_digest("figures", wildcards.figure),
    message:
        "figure: {wildcards.figure} ({log})"
    shell:
        "{params.mixot}.figure 'figures=[{wildcards.figure}]' paths.results={params.results}"
        " > {log} 2>&1"


rule page:
    input:
        "<results>/study.yaml",
        "<results>/tables/claims.csv",
        rules.claims.output,
        expand("<results>/figures/{figure}.svg", figure=STUDY.figures),
    output:
        "<results>/index.html",
    log:
        "<logs>/page.log",
    params:
        mixot=MIXOT,
        results=lambda wildcards: RESULTS,
        code=catalogue.package_digest("pipeline", "page"),
        statements=catalogue.statements_digest(),
    message:
        "page: {output} ({log})"
    shell:
        "{params.mixot}.page paths.results={params.results} > {log} 2>&1"


rule manifest:
    input:
        "<results>/tables/claims.csv",
        rules.claims.output,
        expand("<results>/figures/{figure}.svg", figure=STUDY.figures),
    output:
        "<results>/MANIFEST.sha256",
    log:
        "<logs>/manifest.log",
    params:
        mixot=MIXOT,
        results=lambda wildcards: RESULTS,
        code=catalogue.package_digest("pipeline", "manifest"),
    message:
        "manifest: {output} ({log})"
    shell:
        "{params.mixot}.manifest paths.results={params.results} > {log} 2>&1"


# Last, so that a false claim stops the build with everything there to look at.
rule verdict:
    input:
        "<results>/tables/claims.csv",
        "<results>/index.html",
        "<results>/MANIFEST.sha256",
        "<results>/stamps/track/ledger.done",
    output:
        touch("<results>/stamps/verdict.done"),
    log:
        "<logs>/verdict.log",
    params:
        mixot=MIXOT,
        results=lambda wildcards: RESULTS,
    message:
        "verdict: every required claim has to hold ({log})"
    shell:
        "{params.mixot}.ledger show paths.results={params.results} > {log} 2>&1"
