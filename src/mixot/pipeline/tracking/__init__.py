"""The MLflow projection of the results folder: something to look at, never the source of truth.

Run directories are projected into a SQLite store under results/mlflow, which may be deleted at any
time: `mixot-track` fills it again. The projection is idempotent (a run directory is recognised by
its run_key), single-writer (a file lock is held throughout) and leaves no run RUNNING or in the
experiment "Default".

    records     a run directory as plain values: params, tags, metrics, artifacts (no MLflow)
    store       where the database is, how it is initialised once, locked, swept and rebuilt
    projection  reconcile one experiment with its run directories
    ledger      the claims and figures of the study
    notes       the texts that the dashboard shows
"""

from mixot.pipeline.tracking.projection import Summary, track
from mixot.pipeline.tracking.store import init

__all__ = ["Summary", "init", "track"]
