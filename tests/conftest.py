"""What holds for every test: one BLAS thread, no telemetry, repeatable examples."""

import os

from hypothesis import settings

# Before numpy is imported: two BLAS threads give other last bits than one, and xdist's workers
# would fight for the cores.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MPLBACKEND"] = "agg"

# No deadline: a first call pays for imports, and cores are shared. The same examples each time, so
# that a change is judged by what it changed; `pytest --hypothesis-profile explore` looks further.
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("repeatable")
