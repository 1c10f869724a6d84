"""From a video and the boxes of a tracker to a benchmark that `datasets.Folder` reads."""
