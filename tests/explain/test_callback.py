"""A model explains itself in the validations of a real training run."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from jsonargparse import ArgumentParser
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer, seed_everything
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from PIL import Image
from tensorboard.backend.event_processing import event_accumulator
from torch import Tensor
from torch.utils.data import DataLoader
from typing_extensions import override

from explain.callback import ExplainCallback
from explain.cam import GradCAM, OriginalCAM
from explain.core import Explainable, Explainer
from explain.targets import Target
from reid.errors import InputError
from reid.losses import IdentityLoss
from reid.module import ReIDModule
from reid.protocol import Evaluation
from reid.types import Clip, Tracklet
from tests.toys import SIZE, TinyNet, TokenNet

PERSONS, FRAMES = (7, 8, 9), 4

# Lightning's own; `pytest.warns` raises it again in a module that the project's filter does not name.
pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")


class People(LightningDataModule):
    """Noise clips: 3 training people, and 4 test people under two cameras, two clips of each tracklet."""

    def __init__(self, identities: Sequence[int] = PERSONS, test: Sequence[int] = (20, 21, 22, 23)) -> None:
        super().__init__()
        self.identities = identities
        tracklets = [
            Tracklet(Path("x"), ("f.jpg",), who, camera, f"{who}C{camera}") for camera in (0, 1) for who in test
        ]
        half = len(test)
        query, gallery = list(range(half)), list(range(half, 2 * half))
        self.evaluation = Evaluation("People", "toy", tracklets, query, gallery, [2] * 2 * half)

    @staticmethod
    def clip(person: int, camera: int, tracklet: int, part: int) -> Clip:
        generator = torch.Generator().manual_seed(100 * tracklet + part)
        frames = torch.randint(0, 256, (3, FRAMES, *SIZE), generator=generator, dtype=torch.uint8)
        number, erased = torch.tensor, torch.zeros(FRAMES, dtype=torch.bool)
        return Clip(frames, number(person), number(camera), number(tracklet), number(part), erased, number(0))

    @override
    def train_dataloader(self) -> DataLoader[Clip]:
        clips = [self.clip(index % 3, 0, index, 7) for index in range(6)]
        return DataLoader(clips, batch_size=3, shuffle=True, num_workers=0)  # type: ignore[arg-type]

    @override
    def val_dataloader(self) -> DataLoader[Clip]:
        clips = [
            self.clip(tracklet.person, tracklet.camera, index, part)
            for index, tracklet in enumerate(self.evaluation.tracklets)
            for part in range(2)
        ]
        return DataLoader(clips, batch_size=3, num_workers=0)  # type: ignore[arg-type]

    test_dataloader = val_dataloader


class Spy(Explainer):
    """Counts, and notes what it is asked."""

    def __init__(self, error: Exception | None = None) -> None:
        self.targets: list[Target] = []
        self.pixels: list[Tensor] = []
        self.error = error

    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        self.targets.append(target)
        self.pixels.append(pixels)
        if self.error:
            raise self.error
        return GradCAM().attribute(model, pixels, target)


def module(backbone: type[TinyNet | TokenNet] = TinyNet) -> ReIDModule:
    seed_everything(0)
    return ReIDModule(
        backbone(), 3, {"identity": IdentityLoss()}, optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.1)
    )


def trainer(folder: Path, *callbacks: ExplainCallback, **options: Any) -> Trainer:
    quiet: dict[str, Any] = {
        "logger": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "enable_checkpointing": False,
        "accelerator": "cpu",
        "default_root_dir": folder,
        "max_epochs": 2,
        "log_every_n_steps": 1,
    }
    return Trainer(callbacks=list(callbacks), **(quiet | options))


def weights_after(folder: Path, *callbacks: ExplainCallback) -> Tensor:
    model = module()
    trainer(folder, *callbacks).fit(model, datamodule=People())
    return torch.cat([value.flatten().float() for value in model.state_dict().values()])


def test_training_is_the_same_bit_for_bit(tmp_path: Path) -> None:
    spy = Spy()
    plain = weights_after(tmp_path / "plain")
    random = torch.rand(1)
    assert torch.equal(weights_after(tmp_path / "explained", ExplainCallback(method=spy)), plain)
    assert len(spy.targets) == 8  # 4 queries, 2 epochs, nothing in the sanity check
    assert torch.equal(torch.rand(1), random)


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("board")
    logger = TensorBoardLogger(folder, name="", version="")
    trainer(folder, ExplainCallback(tracklets=2, method=OriginalCAM()), logger=logger).fit(
        module(), datamodule=People()
    )
    logger.finalize("success")
    events: Any = event_accumulator.EventAccumulator  # untyped
    return events(str(folder), size_guidance={"images": 0, "tensors": 0, "scalars": 0}).Reload()


def test_tensorboard_shows_sheet_animation_and_question(board: Any) -> None:
    titles = ["explain/20C0_person_20_best_match", "explain/22C0_person_22_best_match"]
    images = sorted(f"{title}/{kind}" for title in titles for kind in ("sheet", "video"))
    assert sorted(board.Tags()["images"]) == images
    for tag in images:
        assert [event.step for event in board.Images(tag)] == [2, 4]
    with Image.open(io.BytesIO(board.Images(f"{titles[0]}/video")[0].encoded_image_string)) as animation:
        assert getattr(animation, "n_frames", 1) == FRAMES
    text = board.Tensors(f"{titles[0]}/question/text_summary")[0].tensor_proto.string_val[0].decode()
    assert text.startswith("20C0 (person 20): why its best match 2")


def test_the_time_it_took_is_logged(board: Any) -> None:
    assert [event.step for event in board.Scalars("explain/seconds")] == [2, 4]
    assert all(0 < event.value < 60 for event in board.Scalars("explain/seconds"))


def test_without_tensorboard_a_folder_of_the_run_is_written(tmp_path: Path) -> None:
    logger = CSVLogger(tmp_path, name="run", version="0")
    trainer(tmp_path, ExplainCallback(tracklets=1), logger=logger, max_epochs=1).fit(module(), datamodule=People())
    (folder,) = (tmp_path / "run" / "0" / "explain" / "step_000002").iterdir()
    assert folder.name == "20C0_person_20_best_match"
    assert json.loads((folder / "summary.json").read_text())["name"].startswith("20C0 (person 20): why its best match")
    assert "explain/seconds" in (tmp_path / "run" / "0" / "metrics.csv").read_text()


@pytest.mark.parametrize("stage", ["validate", "test"])
def test_it_runs_in_inference_mode(tmp_path: Path, stage: str) -> None:
    spy = Spy()
    evaluate = getattr(trainer(tmp_path, ExplainCallback(every_n_epochs=7, method=spy)), stage)
    evaluate(module(), datamodule=People(), verbose=False)
    assert len(spy.targets) == 4
    assert len(list((tmp_path / "explain" / "step_000000").iterdir())) == 4


def test_queries_are_spread_and_the_same_in_every_epoch(tmp_path: Path) -> None:
    spy = Spy()
    trainer(tmp_path, ExplainCallback(tracklets=2, method=spy)).fit(module(), datamodule=People())
    first = [People.clip(0, 0, tracklet, 0).pixels[None] for tracklet in (0, 2)]
    expected = [module().model.preprocess(pixels) for pixels in [*first, *first]]
    torch.testing.assert_close(spy.pixels, expected)


def test_more_tracklets_than_queries(tmp_path: Path) -> None:
    spy = Spy()
    trainer(tmp_path, ExplainCallback(tracklets=99, method=spy), max_epochs=1).fit(module(), datamodule=People())
    assert len(spy.targets) == 4


def test_every_n_epochs(tmp_path: Path) -> None:
    spy = Spy()
    watching = ExplainCallback(every_n_epochs=2, tracklets=1, method=spy)
    trainer(tmp_path, watching, max_epochs=5).fit(module(), datamodule=People())
    assert sorted(path.name for path in (tmp_path / "explain").iterdir()) == ["step_000004", "step_000008"]
    assert len(spy.targets) == 2


def titles(folder: Path, data: LightningDataModule, **options: Any) -> list[str]:
    run = trainer(folder, ExplainCallback(tracklets=1), max_epochs=1, **options)
    run.fit(module(), datamodule=data)
    return [path.name for path in folder.glob("explain/*/*")]


def test_training_people_are_explained_as_classes(tmp_path: Path) -> None:
    assert titles(tmp_path, People(test=(8, 9))) == ["8C0_person_8_class_1"]


def test_a_number_of_another_benchmark_is_somebody_else(tmp_path: Path) -> None:
    model = module()
    model.model.name_classes([8, 9, 10])
    trainer(tmp_path, ExplainCallback(tracklets=1)).validate(model, datamodule=People(test=(8, 9)), verbose=False)
    assert [path.name for path in tmp_path.glob("explain/*/*")] == ["8C0_person_8_best_match"]


def test_an_evaluation_cut_short_explains_the_predicted_class(tmp_path: Path) -> None:
    assert titles(tmp_path, People(), limit_val_batches=1) == ["20C0_person_20_predicted_class"]


@pytest.mark.parametrize(
    "error", [OSError("no space left on device"), InputError("no map"), torch.OutOfMemoryError("")]
)
def test_a_failure_warns_once_and_training_goes_on(tmp_path: Path, error: Exception) -> None:
    spy = Spy(error)
    run = trainer(tmp_path, ExplainCallback(method=spy))
    with pytest.warns(UserWarning, match="an explanation failed, the run goes on without it") as found:
        run.fit(module(), datamodule=People())
    assert len([warning for warning in found if "an explanation failed" in str(warning.message)]) == 1
    assert len(spy.targets) == 8
    assert run.global_step == 4


def test_a_folder_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "explain").write_text("in the way")
    with pytest.warns(UserWarning, match="the run goes on without it"):
        trainer(tmp_path, ExplainCallback(tracklets=1)).fit(module(), datamodule=People())


def test_a_bug_is_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        trainer(tmp_path, ExplainCallback(method=Spy(ZeroDivisionError()))).fit(module(), datamodule=People())


def test_the_default_method_works_on_a_class_token(tmp_path: Path) -> None:
    trainer(tmp_path, ExplainCallback(tracklets=1), max_epochs=1).fit(module(TokenNet), datamodule=People())
    assert list(tmp_path.glob("explain/*/*/contact_sheet.png"))


@pytest.mark.parametrize("numbers", [{"every_n_epochs": 0}, {"tracklets": 0}])
def test_a_number_below_1_is_refused_at_once(numbers: dict[str, int]) -> None:
    with pytest.raises(InputError, match="must both be at least 1"):
        ExplainCallback(**numbers)  # type: ignore[arg-type]


def test_another_module_is_refused_before_training(tmp_path: Path) -> None:
    class Other(LightningModule):
        pass

    with pytest.raises(InputError, match="explains a ReIDModule, not a Other"):
        ExplainCallback().setup(trainer(tmp_path), Other(), "fit")


def test_it_is_written_in_a_config() -> None:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--callbacks", type=list[Callback])
    method = {"class_path": "explain.cam.GradCAM", "init_args": {"temporal": "frame"}}
    callback = {"class_path": "explain.callback.ExplainCallback", "init_args": {"tracklets": 2, "method": method}}
    (built,) = parser.instantiate(parser.parse_object({"callbacks": [callback]})).callbacks
    assert isinstance(built, ExplainCallback)
    assert isinstance(built.method, GradCAM)
    assert (built.tracklets, built.method.temporal, built.normalization) == (2, "frame", "clip")
