"""Names of other projects' checkpoints, one file each."""
