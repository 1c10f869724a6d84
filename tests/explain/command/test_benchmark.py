"""The test side of a config's benchmark, by name."""

import dataclasses
from pathlib import Path

import pytest
import torch

from explain.command.benchmark import HeldOut, open_benchmark
from reid.errors import InputError

SIZE = (32, 16)


def test_a_clip_its_frames_and_its_masks_are_of_the_same_tracklet(drawn_config: Path) -> None:
    side = open_benchmark(drawn_config, None, None, SIZE)
    place = side.find(side.evaluation.tracklets[-1].name)
    item = side.clip(place)
    assert int(side.clips[item].tracklet) == place
    assert {frame.parent for frame in side.clips.frames(item)} == {side.evaluation.tracklets[place].folder}
    masks = side.masks(item)
    assert masks is not None
    assert masks.shape == (3, *SIZE)
    assert set(masks.flatten().tolist()) == {0, 1, 2}


def test_the_middle_clip_stands_for_a_tracklet(drawn_config: Path) -> None:
    side = open_benchmark(drawn_config, None, None, SIZE)
    evaluation = side.evaluation
    several = HeldOut(dataclasses.replace(evaluation, clips=[3] * 4), side.clips, lambda _: None)
    assert [several.clip(place) for place in range(4)] == [1, 4, 7, 10]
    assert several.masks(0) is None


def test_another_root_is_taken(drawn_config: Path, tmp_path: Path) -> None:
    side = open_benchmark(drawn_config, tmp_path / "elsewhere", None, SIZE)
    assert all(tracklet.folder.is_relative_to(tmp_path / "elsewhere") for tracklet in side.evaluation.tracklets)


def test_a_wrong_name_is_answered_with_near_ones(drawn_config: Path) -> None:
    side = open_benchmark(drawn_config, None, None, SIZE)
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


def test_reading_a_benchmark_draws_no_random_numbers(drawn_config: Path) -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    open_benchmark(drawn_config, None, None, SIZE).clips[0]
    assert torch.equal(torch.get_rng_state(), before)


def test_the_number_of_frames_can_be_chosen(drawn_config: Path) -> None:
    side = open_benchmark(drawn_config, None, 2, SIZE)
    assert len(side.clips) == len(side.evaluation.tracklets)
    assert side.clips[0].pixels.shape == (3, 2, *SIZE)
