"""Every video of every kind of run is whole, and plays in a browser."""

import json
from pathlib import Path

import pytest

from explain.output import MARK
from reid.video import count_frames
from tests.explain.command.acting import act
from tests.explain.command.asking import run, run_benchmark
from tests.explain.playing import play
from tests.explain.report.browser import needs_chromium

FPS = 8


@pytest.mark.slow
@needs_chromium
def test_every_video_holds_its_frames_and_plays(
    files: Path, drawn_config: Path, checkpoint: Path, weights: Path, clips: Path, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    run(files, runs / "clip")
    run(files, runs / "methods", "--method", "gradcam,eigencam")
    run(files, runs / "pair", "--against", str(files / "b"))
    act(runs / "folder", "--videos_dir", str(clips), weights=weights)
    run_benchmark(drawn_config, checkpoint, runs / "mistakes", "--mistakes", "1")
    videos = {str(path.relative_to(runs)): path for path in runs.rglob("*.mp4")}
    assert len({name.split("/")[0] for name in videos}) == 5
    counts = {name: json.loads((path.parent / MARK).read_text())["frames"]["count"] for name, path in videos.items()}
    assert {name: count_frames(path) for name, path in videos.items()} == counts
    middles = {name: [(number + 0.5) / FPS for number in range(count)] for name, count in counts.items()}
    found = play(videos, middles, tmp_path)
    assert {name: (len(shown.get("colours", [])), shown.get("error")) for name, shown in found.items()} == {
        name: (count, None) for name, count in counts.items()
    }
    print(f"{len(videos)} videos, {sum(counts.values())} frames")  # noqa: T201
