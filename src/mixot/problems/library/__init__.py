"""One module a problem: its name, its options, and how its data come about."""
