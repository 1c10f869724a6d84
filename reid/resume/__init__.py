"""Training that survives being killed: whole checkpoints, the newest one, and steps that depend on their place only."""
