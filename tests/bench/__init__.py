"""How fast Guanjia is, beside the raw limit and the tutorial way: `python -m tests.bench`."""
