"""A folder of clips: what is written where, what is counted, and what happens to a clip that is broken."""

import json
import shutil
from pathlib import Path

import pytest

from explain.command.samples import Sample, find_samples
from reid.errors import InputError, exit_status
from tests.explain.command.acting import LABELS, act, write_clip


def written(output: Path) -> set[str]:
    """Folders with a whole explanation, and sheets."""
    found = [path.parent for path in output.rglob("cam_raw.npy")] + list(output.rglob("*-*.png"))
    return {str(path.relative_to(output)) for path in found}


def test_names_say_what_clips_show(clips: Path) -> None:
    assert find_samples(clips, LABELS) == [
        Sample(clips / "holiday.mp4", "holiday"),
        Sample(clips / "run-b", "run-b", 0, "run"),
        Sample(clips / "sit_down-a-1", "sit_down-a-1", 1, "sit_down"),
    ]


def test_the_longest_class_counts(tmp_path: Path) -> None:
    (tmp_path / "push-up-7").mkdir()
    (sample,) = find_samples(tmp_path, ["push", "push-up", "push-up-7"])
    assert (sample.label, sample.folder) == (1, "push-up")


def test_folders_that_cannot_be_explained(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: cannot be listed"):
        find_samples(tmp_path / "nowhere", LABELS)
    with pytest.raises(InputError, match="holds no video and no folder of frames"):
        find_samples(tmp_path, LABELS)
    (tmp_path / "a").mkdir()
    (tmp_path / "a.mp4").touch()
    with pytest.raises(InputError, match=r"a and a\.mp4 have one name"):
        find_samples(tmp_path, LABELS)


def test_every_clip_has_a_folder_and_a_sheet(
    clips: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ("--videos_dir", str(clips), "--method", "gradcam,eigencam", "--normalize", "clip")
    act(tmp_path / "out", *flags, weights=weights)
    names = ("run/run-b", "run/run-b.png", "sit_down/sit_down-a-1", "sit_down/sit_down-a-1.png", "unlabelled/holiday")
    assert written(tmp_path / "out") == {f"{m}/r3d/{name}" for m in ("gradcam", "eigencam") for name in names}
    place = tmp_path / "out/gradcam/r3d/run/run-b"
    summary, found = (json.loads((path / "summary.json").read_text()) for path in (place, tmp_path / "out"))
    result = found["models"]["r3d"]
    assert summary["top_1"] == result["clips"]["run-b"]["predictions"][0][0]
    assert summary["normalization"] == "clip"
    assert result["clips"]["run-b"]["label"] == "run"
    assert (result["labelled"], result["top_5"]) == (2, 2)
    assert Path(f"{place}.png").read_bytes() == (place / "contact_sheet.png").read_bytes()
    printed = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("1. ") for line in printed) == 3
    assert printed[-2] == f"top-1 {result['top_1']} and top-5 2 of 2 clips with a label"
    assert not list((tmp_path / "out").rglob("*.tmp"))


def test_what_is_there_is_not_explained_again(clips: Path, weights: Path, tmp_path: Path) -> None:
    flags = ("--videos_dir", str(clips), "--method", "gradcam")
    act(tmp_path / "out", *flags, weights=weights)
    place = tmp_path / "out/gradcam/r3d/run"
    first = (place / "run-b/cam_raw.npy").stat().st_mtime_ns
    shutil.rmtree(place.parent / "sit_down/sit_down-a-1")
    (place / "run-b.png").unlink()
    act(tmp_path / "out", *flags, weights=weights)
    assert (place / "run-b/cam_raw.npy").stat().st_mtime_ns == first
    assert (place.parent / "sit_down/sit_down-a-1/cam_raw.npy").is_file()
    assert (place / "run-b.png").is_file()
    act(tmp_path / "out", *flags, "--overwrite", weights=weights)
    assert (place / "run-b/cam_raw.npy").stat().st_mtime_ns > first


def test_what_was_made_in_another_way_is_kept_unless_told(
    clips: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ("--videos_dir", str(clips), "--method", "gradcam", "--label", "wave")
    act(tmp_path / "out", *flags, "--temporal", "frame", weights=weights)
    assert exit_status(lambda: act(tmp_path / "out", *flags, weights=weights)) == 2
    printed = capsys.readouterr()
    assert "explained already, with another gradcam_temporal; choose another --output, or pass --over" in printed.out
    assert "3 clips could not be explained" in printed.err
    act(tmp_path / "out", *flags, "--overwrite", weights=weights)
    assert "gradcam_temporal" not in (tmp_path / "out/gradcam/r3d/run/run-b/summary.json").read_text()


def test_other_models_stay_in_the_summary(clips: Path, weights: Path, tmp_path: Path) -> None:
    flags = ("--videos_dir", str(clips), "--method", "eigencam")
    act(tmp_path / "out", *flags, weights=weights)
    act(tmp_path / "out", *flags, "--model", "mc3", weights=weights)
    assert set(json.loads((tmp_path / "out/summary.json").read_text())["models"]) == {"r3d", "mc3"}


def test_a_broken_clip_does_not_stop_the_others(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "clips"
    broken = write_clip(folder / "run-1", frames=1)
    write_clip(folder / "run-2")
    next(broken.iterdir()).write_bytes(b"no picture")
    flags = ("--videos_dir", str(folder), "--method", "gradcam")
    assert exit_status(lambda: act(tmp_path / "out", *flags, weights=weights)) == 2
    printed = capsys.readouterr()
    assert printed.err == "error: 1 clips could not be explained: run-1\n"
    assert "not explained: run-1: " in printed.out
    assert written(tmp_path / "out") == {"gradcam/r3d/run/run-2", "gradcam/r3d/run/run-2.png"}
    result = json.loads((tmp_path / "out/summary.json").read_text())["models"]["r3d"]
    assert list(result["broken"]) == ["run-1"]


def test_a_folder_of_something_else_stays(clips: Path, weights: Path, tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("{}")
    with pytest.raises(InputError, match="holds something else than results of a --videos_dir"):
        act(tmp_path, "--videos_dir", str(clips), weights=weights)
    assert [path.name for path in tmp_path.iterdir()] == ["summary.json"]


def test_a_misspelt_class_is_no_fault_of_the_clips(clips: Path, weights: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--label wafe: the model has no such class; there is wave"):
        act(tmp_path / "out", "--videos_dir", str(clips), "--label", "wafe", weights=weights)
    with pytest.raises(InputError, match="--tensorboard goes with --video"):
        act(tmp_path / "out", "--videos_dir", str(clips), "--tensorboard", "x", weights=weights)
    assert not (tmp_path / "out").exists()
