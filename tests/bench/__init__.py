"""How fast the house is, beside the raw limit and the tutorial way: `python -m tests.bench`."""
