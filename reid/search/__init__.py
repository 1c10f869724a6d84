"""Search for hyper-parameters with Optuna (the extra `search`): many runs, on many machines, in one study."""
