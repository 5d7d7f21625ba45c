"""Experiments that hold the library against `mixot.reference`, POT and scikit-learn.

An experiment is a module here with `run(problem, family_name, seed, paths)`, which returns the
records of one problem, family and seed; paths are the runs at hand (`scene.Path`). Putting such a
module here is all it takes to add one. `records` says what a record is and where it is written.
"""
