"""Everything around a fit: configuration, run directories, code digests and the command lines.

This is the only layer that knows Hydra, MLflow and Snakemake; nothing below imports it.
"""
