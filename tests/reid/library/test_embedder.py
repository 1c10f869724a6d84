"""A model in use: the same embeddings as an evaluation, from every kind of source."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

import datasets.sampling
from datasets.clips import EvaluationClips
from explain.mp4 import write_mp4
from reid import load_model
from reid.decoders import decode
from reid.errors import InputError
from reid.metrics import ReIDMetric
from reid.types import Tracklet
from reid.video import read_frames
from reid.video_file import VideoFile
from tests.reid.library.making import network, save_checkpoint, save_config, save_tracklets

RULES = {
    "Evenly(4)": datasets.sampling.Evenly(4),
    "ChunkStarts(3)": datasets.sampling.ChunkStarts(3),
    "Dense(4)": datasets.sampling.Dense(4),
    "Dense(2, limit=3)": datasets.sampling.Dense(2, limit=3),
    "RestrictedRandom(4)": datasets.sampling.RestrictedRandom(4),
    "ConsecutiveRandom(3, stride=2)": datasets.sampling.ConsecutiveRandom(3, stride=2),
}


@pytest.fixture(scope="module")
def tracklets(tmp_path_factory: pytest.TempPathFactory) -> list[Tracklet]:
    return save_tracklets(tmp_path_factory.mktemp("tracklets"))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_checkpoint(tmp_path_factory.mktemp("model") / "last.ckpt")


def evaluated(tracklets: list[Tracklet], sampling: datasets.sampling.FrameSampling) -> torch.Tensor:
    """What `train.py test` computes, in its own batches."""
    model = network()
    clips = [sampling.clips(len(tracklet)) for tracklet in tracklets]
    count = len(tracklets)
    metric = ReIDMetric(range(count), [0] * count, [0], range(count), clips, model.backbone.width, "cosine")
    for batch in DataLoader(EvaluationClips(tracklets, sampling, model.preprocess.size), batch_size=3):
        with torch.no_grad():
            metric.update(model(model.preprocess(batch.pixels)).embedding, batch.tracklet, batch.part)
    return metric.embeddings()


@pytest.mark.parametrize("sampling", RULES)
def test_a_tracklet_has_the_embedding_of_the_evaluation(
    tracklets: list[Tracklet], checkpoint: Path, sampling: str
) -> None:
    model = load_model(checkpoint, "cpu", sampling=sampling)
    found = model.embed([tracklet.folder for tracklet in tracklets], batch=2)
    torch.testing.assert_close(found, evaluated(tracklets, RULES[sampling]), rtol=1e-5, atol=1e-6)


def test_a_video_a_folder_and_an_array_of_the_same_frames_are_one(tmp_path: Path, checkpoint: Path) -> None:
    frames = np.random.default_rng(1).integers(0, 255, (9, 32, 16, 3), dtype=np.uint8)
    write_mp4(tmp_path / "walk.mp4", frames, fps=8)
    decoded = read_frames(tmp_path / "walk.mp4", range(9))
    model = load_model(str(checkpoint), "cpu", sampling="Dense(4)")
    video, array = model.embed(tmp_path / "walk.mp4"), model.embed(decoded)
    torch.testing.assert_close(video, array)
    assert video.shape == (1, 6)
    assert model.embed([str(tmp_path / "walk.mp4"), decoded]).shape == (2, 6)


def test_a_long_video_is_read_in_parts(tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = np.random.default_rng(1).integers(0, 255, (23, 32, 16, 3), dtype=np.uint8)
    write_mp4(tmp_path / "walk.mp4", frames, fps=8)
    model = load_model(checkpoint, "cpu", sampling="Dense(2)")
    whole = model.embed(tmp_path / "walk.mp4")
    asked: list[int] = []
    from reid.library import sources

    def counted(video: VideoFile, wanted: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
        asked.append(len(wanted))
        return decode(video, wanted)

    monkeypatch.setattr(sources, "_ROOM", 32 * 16 * 3 * 4)
    monkeypatch.setattr(sources, "decode", counted)
    torch.testing.assert_close(model.embed(tmp_path / "walk.mp4"), whole)
    assert max(asked) == 4
    assert sum(asked) == 23


def test_batches_change_nothing_and_progress_is_told(tracklets: list[Tracklet], checkpoint: Path) -> None:
    model, told = load_model(checkpoint, "cpu", sampling="Dense(2)"), list[int]()
    folders = [tracklet.folder for tracklet in tracklets]
    torch.testing.assert_close(model.embed(folders, batch=1, done=told.append), model.embed(folders, batch=16))
    assert told == [1, 2, 3]


def test_the_sampling_is_that_of_the_run(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "run/checkpoints/last.ckpt")
    assert load_model(path, "cpu").settings.sampling == "Evenly(8)"  # nobody knows
    dense = {"class_path": "datasets.sampling.Dense", "init_args": {"frames": 4, "limit": None}}
    save_config(tmp_path / "run/config.yaml", dense)
    assert load_model(path, "cpu").settings.sampling == "Dense(4)"
    other = save_config(tmp_path / "other.yaml", {"class_path": "datasets.sampling.Evenly", "init_args": {"frames": 3}})
    assert load_model(path, "cpu", config=other).settings.sampling == "Evenly(3)"
    assert load_model(path, "cpu", sampling="Dense(2,limit=9)").settings.sampling == "Dense(2, limit=9)"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nowhere", "no such file or folder"),
        ([], "nothing to embed"),
        (np.zeros((2, 8, 4, 3), np.float32), "expected frames"),
        (np.zeros((8, 4, 3), np.uint8), "expected frames"),
        (np.zeros((0, 8, 4, 3), np.uint8), "expected frames"),
        ([np.zeros((2, 8, 4, 3), np.uint8), __file__], "not a video"),
    ],
)
def test_what_is_no_tracklet_is_one_clear_line(checkpoint: Path, source: object, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        load_model(checkpoint, "cpu").embed(source)  # type: ignore[arg-type]  # that is the point
    assert "\n" not in str(caught.value)


def test_misuse_and_wrong_choices_are_refused(checkpoint: Path) -> None:
    with pytest.raises(TypeError, match="expected a path"):
        load_model(checkpoint, "cpu").embed(3)  # type: ignore[arg-type]
    for words in ("Evenly", "Everything(8)", "Evenly(8, limit=2)", "Evenly(0)", "Evenly(99999)"):
        with pytest.raises(InputError, match=r"Evenly|rule|frames"):
            load_model(checkpoint, "cpu", sampling=words)
    with pytest.raises(InputError, match="not to be had"):
        load_model(checkpoint, "rocket")


def test_importing_the_packages_waits_for_nothing() -> None:
    code = """
import sys, reid, explain
from reid.embed import parser as embed
from reid.rank import parser as rank
from reid.export.__main__ import parser as export
assert all(parser().format_help() for parser in (embed, rank, export))
assert not {"torch", "cv2", "timm", "lightning", "rich"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])  # noqa: S603
