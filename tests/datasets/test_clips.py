"""Clips as a loader reads them."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from datasets.batches import EvaluationShare, IdentityBatches
from datasets.clips import EvaluationClips, TrainingClips, worker_init
from datasets.erasing import RandomErasing
from datasets.sampling import ConsecutiveRandom, Dense, Evenly, RestrictedRandom
from datasets.transforms import Augmentation
from reid.errors import InputError
from reid.types import Clip, Tracklet

SIZE = (16, 8)
AUGMENTATION = Augmentation(padding=2, erasing=RandomErasing(mode="per_frame"))


def write(folder: Path, person: int, camera: int, frames: int) -> Tracklet:
    """A tracklet of noise whose frame i has the value 10 * i in its first pixel."""
    folder.mkdir()
    noise = np.random.default_rng(person * 10 + camera)
    for index in range(frames):
        picture = noise.integers(0, 256, (*SIZE, 3), np.uint8)
        picture[0, 0] = 10 * index
        cv2.imwrite(str(folder / f"{index}.png"), picture)
    return Tracklet(folder, tuple(f"{index}.png" for index in range(frames)), person, camera, folder.name)


@pytest.fixture
def tracklets(tmp_path: Path) -> list[Tracklet]:
    """Persons 9, 2, 4 under the cameras 1 and 2, of 3 to 8 frames."""
    lengths = iter(range(3, 9))
    return [
        write(tmp_path / f"{person}_{camera}", person, camera, next(lengths))
        for person in (9, 2, 4)
        for camera in (1, 2)
    ]


def equal(left: Clip, right: Clip) -> bool:
    return all(torch.equal(a, b) for a, b in zip(left, right, strict=True))


def test_a_training_clip_has_the_fields_of_a_clip(tracklets: list[Tracklet]) -> None:
    clip = TrainingClips(tracklets, RestrictedRandom(4), SIZE, AUGMENTATION)[3, 5]
    assert clip.pixels.shape == (3, 4, *SIZE)
    assert clip.pixels.dtype == torch.uint8
    assert clip.pixels.is_contiguous()
    assert clip.erased.shape == (4,)
    assert clip.erased.dtype == torch.bool
    for number in (clip.person, clip.camera, clip.tracklet, clip.part, clip.replaced):
        assert number.shape == ()
        assert number.dtype == torch.int64
    assert [int(number) for number in (clip.camera, clip.tracklet, clip.part, clip.replaced)] == [2, 3, 0, 0]


def test_the_class_is_the_rank_of_the_person(tracklets: list[Tracklet]) -> None:
    clips = TrainingClips(tracklets, Evenly(2), SIZE)
    assert len(clips) == 6
    assert [int(clips[index, 0].person) for index in range(6)] == [2, 2, 0, 0, 1, 1]


def test_without_augmentation_the_frames_are_as_on_disk(tracklets: list[Tracklet]) -> None:
    clip = TrainingClips(tracklets, Evenly(3), SIZE)[5, 0]
    assert clip.pixels[:, :, 0, 0].tolist() == [[0, 20, 40]] * 3
    assert not clip.erased.any()


def test_the_seed_decides_frames_and_augmentation(tracklets: list[Tracklet]) -> None:
    clips = TrainingClips(tracklets, ConsecutiveRandom(2), SIZE, AUGMENTATION)
    state = torch.get_rng_state()
    assert equal(clips[5, 1], clips[5, 1])
    assert torch.equal(state, torch.get_rng_state())
    assert len({tuple(clips[5, seed].pixels.flatten().tolist()) for seed in range(5)}) == 5


def test_training_draws_one_of_several_clips(tracklets: list[Tracklet]) -> None:
    clips = TrainingClips(tracklets, Dense(3), SIZE)
    drawn = [clips[5, seed] for seed in range(30)]
    assert {int(clip.part) for clip in drawn} == {0, 1, 2}
    assert all(clip.pixels[0, 0, 0, 0] == 30 * clip.part for clip in drawn)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_gives_the_same_batches_whatever_its_workers(tracklets: list[Tracklet], workers: int) -> None:
    clips = TrainingClips(tracklets, RestrictedRandom(4), SIZE, AUGMENTATION)
    batches = IdentityBatches([tracklet.person for tracklet in tracklets], 2, 2, seed=4, batches=3)
    loader = DataLoader(clips, batch_sampler=batches, num_workers=workers, worker_init_fn=worker_init)
    for batch, draws in zip(loader, batches, strict=True):
        assert isinstance(batch, Clip)
        assert batch.pixels.shape == (4, 3, 4, *SIZE)
        assert batch.erased.shape == (4, 4)
        assert batch.replaced.tolist() == [0] * 4
        assert batch.tracklet.tolist() == [tracklet for tracklet, _ in draws]
        assert all(torch.equal(pixels, clips[draw].pixels) for pixels, draw in zip(batch.pixels, draws, strict=True))


@pytest.mark.parametrize("workers", [0, 2])
def test_evaluation_enumerates_the_clips_of_each_tracklet(tracklets: list[Tracklet], workers: int) -> None:
    clips = EvaluationClips(tracklets, Dense(3), SIZE)
    loader = DataLoader(clips, batch_size=4, sampler=EvaluationShare(len(clips)), num_workers=workers)
    seen = list(loader)
    assert torch.cat([batch.tracklet for batch in seen]).tolist() == [0, 1, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 5]
    assert torch.cat([batch.part for batch in seen]).tolist() == [0, 0, 1, 0, 1, 0, 1, 0, 1, 2, 0, 1, 2]
    assert set(torch.cat([batch.person for batch in seen]).tolist()) == {2, 4, 9}
    assert not any(batch.erased.any() for batch in seen)
    last = torch.cat([batch.pixels for batch in seen])[-1]
    assert last[0, :, 0, 0].tolist() == [60, 70, 60]


def test_a_random_rule_is_repeatable_in_evaluation(tracklets: list[Tracklet]) -> None:
    clips = EvaluationClips(tracklets, RestrictedRandom(4), SIZE)
    assert equal(clips[2], clips[2])


def test_the_count_of_replaced_frames_travels_out_of_the_worker(tracklets: list[Tracklet]) -> None:
    tracklets[0].frames[1].write_bytes(b"")
    clips = EvaluationClips(tracklets, Evenly(3), SIZE, on_bad_image="skip")
    replaced = [batch.replaced for batch in DataLoader(clips, batch_size=3, num_workers=2)]
    assert torch.cat(replaced).tolist() == [1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_frame_ends_with_one_line_that_names_it(tracklets: list[Tracklet], workers: int) -> None:
    tracklets[0].frames[1].write_bytes(b"")
    clips = EvaluationClips(tracklets, Evenly(3), SIZE)
    with pytest.raises(InputError) as caught:
        list(DataLoader(clips, num_workers=workers))
    assert str(tracklets[0].frames[1]) in str(caught.value).strip().splitlines()[-1]


def test_lists_without_frames_are_mistakes(tmp_path: Path) -> None:
    empty = Tracklet(tmp_path, (), 1, 1, "empty")
    for tracklets, message in (([empty], "tracklet empty in .* has no frames"), ([], "the benchmark's list is empty")):
        with pytest.raises(InputError, match=message):
            TrainingClips(tracklets, Evenly(2), SIZE)
        with pytest.raises(InputError, match=message):
            EvaluationClips(tracklets, Evenly(2), SIZE)


def test_workers_keep_opencv_to_one_thread() -> None:
    before = cv2.getNumThreads()
    try:
        worker_init(0)
        assert cv2.getNumThreads() == 1
    finally:
        cv2.setNumThreads(before)
