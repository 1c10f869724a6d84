"""What `--tensorboard` logs can be read back."""

import io
from pathlib import Path

import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from explain.sinks import TensorBoardSink
from reid.errors import InputError
from tests.explain.command.asking import run, run_benchmark


def read(folder: Path) -> EventAccumulator:
    """All pictures of a folder's event file."""
    return EventAccumulator(str(folder), size_guidance={"images": 0}).Reload()


def test_sheets_and_videos_lie_under_the_names_of_the_folder(files: Path, tmp_path: Path) -> None:
    flags = ("--against", str(files / "b"), "--method", "gradcam,hirescam", "--normalize", "clip")
    run(files, tmp_path / "why", *flags, "--tensorboard", str(tmp_path / "new/events"))
    found = read(tmp_path / "new/events")
    places = [path.parent.relative_to(tmp_path) for path in (tmp_path / "why").rglob("cam_raw.npy")]
    assert len(places) == 4
    assert set(found.Tags()["images"]) == {f"{place}/{kind}" for place in places for kind in ("sheet", "video")}
    for place in places:
        (sheet,), (video,) = found.Images(f"{place}/sheet"), found.Images(f"{place}/video")
        with Image.open(io.BytesIO(video.encoded_image_string)) as moving:
            assert (moving.format, getattr(moving, "n_frames", 1)) == ("GIF", 4)
        with Image.open(io.BytesIO(sheet.encoded_image_string)) as still:
            assert still.format == "PNG"
            assert still.width >= 4 * 41  # all frames beside each other
            assert still.height >= 2 * 90  # with their overlays


def test_every_question_is_logged(drawn_config: Path, checkpoint: Path, tmp_path: Path) -> None:
    flags = ("--mistakes", "2", "--method", "gradcam", "--tensorboard", str(tmp_path / "events"))
    run_benchmark(drawn_config, checkpoint, tmp_path / "out", *flags)
    sides = ("", "/against", "/instead_of")
    wanted = {f"out/question_0{number}{side}/video" for number in (0, 1) for side in sides}
    assert wanted <= set(read(tmp_path / "events").Tags()["images"])


def test_nothing_is_logged_unless_asked_for(files: Path, tmp_path: Path) -> None:
    run(files, tmp_path / "out", "--method", "gradcam")
    assert not list(tmp_path.rglob("*tfevents*"))


def test_a_full_disk_is_one_line(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(TensorBoardSink, "write", full)
    with pytest.raises(InputError, match=r"--tensorboard .*: cannot be written \(No space left on device\)"):
        run(files, tmp_path / "out", "--method", "gradcam", "--tensorboard", str(tmp_path / "events"))
    assert (tmp_path / "out/report.html").is_file()
