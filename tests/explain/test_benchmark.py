"""The test side of a config's benchmark, by name."""

import dataclasses
from pathlib import Path

import pytest
import torch
import yaml

from explain.benchmark import HeldOut, open_benchmark
from reid.errors import InputError

SIZE = (32, 16)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training config with a small drawn benchmark."""
    folder = tmp_path_factory.mktemp("benchmark")
    drawn = {
        "root": str(folder / "drawn"),
        "train_persons": 2,
        "test_persons": 2,
        "group_size": 2,
        "cameras": 2,
        "tracklets": 1,
        "frames": [5, 5],
        "distractors": 0,
        "junk": 0,
        "height": 32,
        "width": 16,
    }
    data = {
        "class_path": "datasets.datamodule.ReIDDataModule",
        "init_args": {
            "benchmark": {"class_path": "datasets.Synthetic", "init_args": drawn},
            "test_sampling": {"class_path": "datasets.sampling.Evenly", "init_args": {"frames": 3}},
        },
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({"data": data}))
    return path


def test_a_clip_its_frames_and_its_masks_are_of_the_same_tracklet(config: Path) -> None:
    side = open_benchmark(config, None, None, SIZE)
    place = side.find(side.evaluation.tracklets[-1].name)
    item = side.clip(place)
    assert int(side.clips[item].tracklet) == place
    assert {frame.parent for frame in side.clips.frames(item)} == {side.evaluation.tracklets[place].folder}
    masks = side.masks(item)
    assert masks is not None
    assert masks.shape == (3, *SIZE)
    assert set(masks.flatten().tolist()) == {0, 1, 2}


def test_the_middle_clip_stands_for_a_tracklet(config: Path) -> None:
    side = open_benchmark(config, None, None, SIZE)
    evaluation = side.evaluation
    several = HeldOut(dataclasses.replace(evaluation, clips=[3] * 4), side.clips, lambda _: None)
    assert [several.clip(place) for place in range(4)] == [1, 4, 7, 10]
    assert several.masks(0) is None


def test_another_root_is_taken(config: Path, tmp_path: Path) -> None:
    side = open_benchmark(config, tmp_path / "elsewhere", None, SIZE)
    assert all(tracklet.folder.is_relative_to(tmp_path / "elsewhere") for tracklet in side.evaluation.tracklets)


def test_a_wrong_name_is_answered_with_near_ones(config: Path) -> None:
    side = open_benchmark(config, None, None, SIZE)
    name = side.evaluation.tracklets[0].name
    with pytest.raises(InputError, match=f"--query {name}x: Synthetic has no such test tracklet; there is {name}"):
        side.find(f"{name}x")


MARS_NOWHERE = (
    "data: {class_path: datasets.datamodule.ReIDDataModule, init_args: "
    "{benchmark: {class_path: datasets.MARS, init_args: {root: /nowhere/mars}}}}"
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("model: {}", "has no `data` with a benchmark"),
        ("data: {class_path: datasets.datamodule.ReIDDataModule}", "has no `data` with a benchmark"),
        ("data: {class_path: nowhere.Data, init_args: {benchmark: {}}}", "nowhere.Data cannot be imported"),
        ("[", "cannot be read as YAML"),
        (MARS_NOWHERE, "/nowhere/mars: no such folder"),
    ],
)
def test_a_config_that_names_no_benchmark(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "config.yaml").write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        open_benchmark(tmp_path / "config.yaml", None, None, SIZE)
    assert "\n" not in str(caught.value)


def test_reading_a_benchmark_draws_no_random_numbers(config: Path) -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    open_benchmark(config, None, None, SIZE).clips[0]
    assert torch.equal(torch.get_rng_state(), before)


def test_the_number_of_frames_can_be_chosen(config: Path) -> None:
    side = open_benchmark(config, None, 2, SIZE)
    assert len(side.clips) == len(side.evaluation.tracklets)
    assert side.clips[0].pixels.shape == (3, 2, *SIZE)
