"""Weakly supervised localisation in video: shots with one label, and boxes to score by."""

from datasets.localization.base import LocalizationBenchmark
from datasets.localization.synthetic_shots import SyntheticShots
from datasets.localization.tracklet_shots import TrackletShots
from datasets.localization.video_folder import VideoFolder
from datasets.localization.youtube_objects import YouTubeObjects

__all__ = [
    "LocalizationBenchmark",
    "SyntheticShots",
    "TrackletShots",
    "VideoFolder",
    "YouTubeObjects",
]
