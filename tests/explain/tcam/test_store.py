"""The maps of all frames on disk: what is done stays done, and nothing of other facts is mixed in."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from explain.tcam.store import CamStore, Filling
from reid.errors import InputError
from reid.types import Frame
from tests.explain.tcam.shots import TwoShots

FACTS = {"method": "GradCAM", "checkpoint_sha256": "ab"}
LENGTHS = TwoShots.shot_lengths


def told_apart(batch: Frame) -> Tensor:
    """Maps [B,1,2] that hold shot and frame, below 1."""
    return torch.stack([batch.shot, batch.frame], 1)[:, None] / 8


def filled(folder: Path) -> CamStore:
    filling = Filling(folder, FACTS, LENGTHS)
    assert [*filling.fill(TwoShots().every_frame(), told_apart)] == [3, 1, 0]
    return CamStore(folder)


def test_every_frame_has_its_own_map(tmp_path: Path) -> None:
    store = filled(tmp_path)
    maps = store.strongest([1, 0, 0], [1, 2, 0])
    assert (8 * maps).tolist() == [[[1, 1]], [[0, 2]], [[0, 0]]]
    assert store.facts == FACTS
    assert maps.dtype == torch.float32


def test_the_maximum_never_leaves_the_shot(tmp_path: Path) -> None:
    store = filled(tmp_path)
    assert (8 * store.strongest([0, 1], [1, 0], neighbours=1)).tolist() == [[[0, 1]], [[1, 0]]]
    assert (8 * store.strongest([0, 1], [1, 0], neighbours=5, when="both")).tolist() == [[[0, 2]], [[1, 1]]]


def test_what_is_done_is_not_made_again(tmp_path: Path) -> None:
    stopped = Filling(tmp_path, FACTS, LENGTHS).fill(TwoShots().every_frame(), told_apart)
    assert next(stopped) == 3  # the process ends here
    with pytest.raises(InputError, match="2 of 5 maps are made; start once more"):
        CamStore(tmp_path)
    made: list[tuple[list[int], list[int]]] = []

    def noted(batch: Frame) -> Tensor:
        made.append((batch.shot.tolist(), batch.frame.tolist()))
        return told_apart(batch)

    again = Filling(tmp_path, FACTS, LENGTHS)
    assert again.missing == 3
    assert [*again.fill(TwoShots().every_frame(), noted)][-1] == 0
    assert made == [([0, 1], [2, 0]), ([1], [1])]
    assert (8 * CamStore(tmp_path).strongest([0], [1])).tolist() == [[[0, 1]]]
    assert Filling(tmp_path, FACTS, LENGTHS).missing == 0


@pytest.mark.parametrize(("facts", "lengths"), [({**FACTS, "method": "CAM"}, LENGTHS), (FACTS, (2, 3))])
def test_maps_of_other_facts_are_made_again(tmp_path: Path, facts: dict[str, str], lengths: tuple[int, ...]) -> None:
    filled(tmp_path)
    assert Filling(tmp_path, facts, lengths).missing == 5


@pytest.mark.parametrize("broken", ["cams.npy", "cams.json", "done.npy"])
@pytest.mark.parametrize("left", [0, 20])
def test_a_damaged_store_is_named_and_made_again(tmp_path: Path, broken: str, left: int) -> None:
    filled(tmp_path)
    path = tmp_path / broken
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(InputError, match="no whole store of maps"):
        CamStore(tmp_path)
    filling = Filling(tmp_path, FACTS, LENGTHS)
    assert filling.missing == 5
    assert [*filling.fill(TwoShots().every_frame(), told_apart)][-1] == 0
    assert (8 * CamStore(tmp_path).strongest([1], [1])).tolist() == [[[1, 1]]]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        Filling(tmp_path / "file" / "cams", FACTS, LENGTHS)
