"""A match is drawn from both sides while the model trains; and what the attention of the frames does is a curve."""

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from PIL import Image
from tensorboard.backend.event_processing import event_accumulator
from torch import Tensor
from torch.utils.data import DataLoader
from typing_extensions import override

from explain.callback import ExplainCallback
from explain.cam import GradCAM, OriginalCAM, ScoreCAM
from explain.overlay import overlay
from explain.targets import PairSimilarity
from reid.backbones.temporal import attention_entropy
from reid.losses import IdentityLoss
from reid.module import ReIDModule
from reid.types import Clip
from tests.explain.test_callback import People, Spy, module, trainer
from tests.explain.test_tensorboard_sides import place
from tests.toys import FrameNet

# Lightning's own; `pytest.warns` raises it again in a module that the project's filter does not name.
pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")


def frames_of(clip: Tensor) -> Any:
    return clip.permute(1, 2, 3, 0).numpy()


def validated(folder: Path, callback: ExplainCallback, data: People | None = None, **options: Any) -> ReIDModule:
    model = module()
    trainer(folder, callback, **options).validate(model, datamodule=data or People(), verbose=False)
    return model.eval()


def match_of(spy: Spy, model: ReIDModule) -> int:
    """The tracklet whose embedding the second question is about."""
    target: Any = spy.targets[1]
    assert model.embeddings is not None
    (found,) = [place for place, own in enumerate(model.embeddings) if torch.equal(own, target.gallery)]
    return found


def test_the_other_side_is_the_match_and_is_asked_about_the_query(tmp_path: Path) -> None:
    spy = Spy()
    model = validated(tmp_path, ExplainCallback(tracklets=1, method=spy))
    mirror: Any = spy.targets[2]
    assert model.embeddings is not None
    assert isinstance(mirror, PairSimilarity)
    assert torch.equal(mirror.gallery, model.embeddings[0])
    match = match_of(spy, model)
    assert match in model.evaluation.gallery
    expected = model.model.preprocess(People.clip(0, 0, match, 0).pixels[None])
    torch.testing.assert_close(spy.pixels[2], expected)


def test_both_sides_are_on_the_sheet_with_maps_of_exchanged_roles(tmp_path: Path) -> None:
    spy = Spy()
    match = match_of(spy, validated(tmp_path / "spied", ExplainCallback(tracklets=1, method=spy)))
    logger = TensorBoardLogger(tmp_path, name="", version="")
    model = validated(tmp_path, ExplainCallback(tracklets=1, method=OriginalCAM()), logger=logger)
    logger.finalize("success")
    events: Any = event_accumulator.EventAccumulator  # untyped
    board = events(str(tmp_path), size_guidance={"images": 0, "tensors": 0}).Reload()
    tag = "explain/20C0_person_20_best_match"
    with Image.open(io.BytesIO(board.Images(f"{tag}/sheet")[0].encoded_image_string)) as picture:
        sheet = np.asarray(picture.convert("RGB"))
    rows, embeddings = [], model.embeddings
    assert embeddings is not None
    for tracklet, other in ((0, match), (match, 0)):
        clip = People.clip(0, 0, tracklet, 0).pixels
        raw = OriginalCAM()(model.model, model.model.preprocess(clip[None]), PairSimilarity(embeddings[other]))[0]
        shown = frames_of(clip)
        times = 128 // shown.shape[1]
        shown = shown.repeat(times, 1).repeat(times, 2)  # as small frames are shown
        drawn = overlay(shown, raw, "clip")
        rows += [place(sheet, shown[0])[0], place(sheet, drawn[0])[0]]
        assert len({place(sheet, frame)[0] for frame in shown}) == 1
    assert rows == sorted(rows)
    words = board.Tensors(f"{tag}/question/text_summary")[0].tensor_proto.string_val[0].decode()
    name = model.evaluation.tracklets[match].name
    assert f"why its best match {name} (" in words
    assert "what it shares with 20C0 (person 20)" in words
    assert words.count("bars: map summed over each frame") == 2
    with Image.open(io.BytesIO(board.Images(f"{tag}/video")[0].encoded_image_string)) as film:
        assert film.size == (64 + 6 + 64, 128)


class Reversed(People):
    """Clips in an order of their own."""

    @override
    def val_dataloader(self) -> DataLoader[Clip]:
        clips: Any = super().val_dataloader().dataset
        return DataLoader(clips[::-1], batch_size=3, num_workers=0)


def test_a_match_whose_clip_is_not_found_is_drawn_from_one_side(tmp_path: Path) -> None:
    validated(tmp_path, ExplainCallback(tracklets=1), Reversed())
    names = sorted(path.name for path in tmp_path.glob("explain/*/*"))
    assert names == ["23C0_person_23_best_match", "23C0_person_23_predicted_class"]


class ReadOnce(list[Clip]):
    """Clips on a disk that fails in the end."""

    def __init__(self, clips: list[Clip]) -> None:
        super().__init__(clips)
        self.read = 0

    @override
    def __getitem__(self, item: Any) -> Any:
        self.read += 1
        if self.read > len(self):
            raise OSError("the disk is gone")
        return super().__getitem__(item)


class Failing(People):
    @override
    def val_dataloader(self) -> DataLoader[Clip]:
        clips: Any = super().val_dataloader().dataset
        return DataLoader(ReadOnce(clips), batch_size=3, num_workers=0)  # type: ignore[arg-type]


def test_a_match_that_cannot_be_read_is_a_warning_and_the_first_side_stays(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="the run goes on without it: the disk is gone"):
        validated(tmp_path, ExplainCallback(tracklets=1), Failing())
    names = sorted(path.name for path in tmp_path.glob("explain/*/*"))
    assert names == ["20C0_person_20_best_match", "20C0_person_20_predicted_class"]


def attending() -> ReIDModule:
    torch.manual_seed(0)
    return ReIDModule(FrameNet(), 3, {"identity": IdentityLoss()})


@pytest.mark.parametrize("method", [GradCAM(), ScoreCAM()])
def test_the_entropy_of_the_attention_of_the_same_clips_is_a_curve(tmp_path: Path, method: Any) -> None:
    model = attending()
    logger = CSVLogger(tmp_path, "", "")
    callback = ExplainCallback(tracklets=2, method=method)
    trainer(tmp_path, callback, logger=logger).validate(model, datamodule=People(), verbose=False)
    clips = torch.stack([People.clip(0, 0, tracklet, 0).pixels for tracklet in (0, 2)])
    with torch.no_grad():
        output = model.eval()(model.model.preprocess(clips))
    expected = attention_entropy(output.features.attention_scores).mean().item()
    assert 0 < expected < math.log(4)
    header, *rows = (tmp_path / "metrics.csv").read_text().splitlines()
    column = header.split(",").index("explain/attention_entropy")
    (logged,) = [row.split(",")[column] for row in rows if row.split(",")[column]]
    assert float(logged) == pytest.approx(expected, abs=1e-5)


def test_without_attention_there_is_no_entropy(tmp_path: Path) -> None:
    validated(tmp_path, ExplainCallback(tracklets=1), logger=CSVLogger(tmp_path, "", ""))
    assert "attention_entropy" not in (tmp_path / "metrics.csv").read_text()


def compiled_weights(folder: Path, *callbacks: ExplainCallback) -> Tensor:
    model: Any = module()
    model.model = torch.compile(model.model, backend="eager")
    trainer(folder, *callbacks).fit(model, datamodule=People())
    return torch.cat([value.flatten().float() for value in model.state_dict().values()])


def test_a_compiled_model_trains_on_as_if_it_had_not_been_explained(tmp_path: Path) -> None:
    spy = Spy()
    explained = compiled_weights(tmp_path / "explained", ExplainCallback(method=spy))
    assert torch.equal(explained, compiled_weights(tmp_path / "plain"))
    assert len(spy.targets) == 4 * 3 * 2


@pytest.mark.parametrize("batches", [-1, 2])
def test_nothing_is_explained_in_the_sanity_check_whole_or_cut_short(tmp_path: Path, batches: int) -> None:
    spy = Spy()
    run = trainer(tmp_path, ExplainCallback(method=spy), max_epochs=1, num_sanity_val_steps=batches)
    run.fit(module(), datamodule=People())
    assert len(spy.targets) == 4 * 3
