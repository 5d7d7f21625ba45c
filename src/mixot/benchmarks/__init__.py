"""What the package costs, measured beside its peers: `make bench`.

A *cell* is one comparison on one problem. It runs in a process of its own and leaves one JSON
record, also when a peer is missing or fails, or when the two sides turn out not to have done the
same work; the table, the summary and the figure are projections of the records:

    cells -> results/bench/cells/<group>/<cell>.json -> table.csv, summary.md, bench.svg

To add a cell, add an entry to `CELLS` of a module of `mixot.benchmarks.cells`, or add a module: it
is found by being there. A cell is a function of an `Effort` that returns a `Measurement`; times
come from `timing.race`, in which the contestants take turns. Nothing here asserts a time: targets
stand beside what was measured.
"""
