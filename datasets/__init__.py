"""What is on disk, as tracklets and clips."""
