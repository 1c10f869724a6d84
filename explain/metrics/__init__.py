"""How good is a map? One idea a file.

Those that perturb what a map calls important (`faithfulness`) are driven alike: `metric.update(model, pixels, raw,
target)`, and `compute()` gives named scalars. Print a random map and a centre prior beside every score.
"""
