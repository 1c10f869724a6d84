"""A model explains itself in the validations of a real training run."""

import io
import json
import subprocess
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
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
from explain.cam import GradCAM, LayerCAM, OriginalCAM, ScoreCAM
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


def weights_after(folder: Path, *callbacks: ExplainCallback, **options: Any) -> Tensor:
    model = module()
    trainer(folder, *callbacks, **options).fit(model, datamodule=People())
    return torch.cat([value.flatten().float() for value in model.state_dict().values()])


@pytest.mark.parametrize(
    ("options", "validations"),
    [
        ({}, 2),  # nothing in the sanity check
        ({"accumulate_grad_batches": 2, "val_check_interval": 1}, 4),  # between the batches that share a step, too
        ({"precision": "bf16-mixed"}, 2),
    ],
)
def test_training_is_the_same_bit_for_bit(tmp_path: Path, options: dict[str, Any], validations: int) -> None:
    spy = Spy()
    plain = weights_after(tmp_path / "plain", **options)
    random = torch.rand(1)
    logger = TensorBoardLogger(tmp_path / "explained")
    explained = weights_after(tmp_path / "explained", ExplainCallback(method=spy), logger=logger, **options)
    assert torch.equal(explained, plain)
    assert len(spy.targets) == 4 * 3 * validations  # queries; class, match and the other side of the match
    assert torch.equal(torch.rand(1), random)


@pytest.mark.parametrize("compiled", ["", "backbone", "backbone.stem"])
def test_a_compiled_model_is_explained(tmp_path: Path, compiled: str) -> None:
    whole: Any = module()
    watched = OriginalCAM()
    name = f"model.{compiled}".rstrip(".")
    parent, _, child = name.rpartition(".")
    owner = whole.get_submodule(parent)
    setattr(owner, child, torch.compile(whole.get_submodule(name), backend="eager"))
    run = trainer(tmp_path / "compiled", ExplainCallback(tracklets=1, method=watched))
    run.validate(whole, datamodule=People(), verbose=False)
    trainer(tmp_path / "plain", ExplainCallback(tracklets=1, method=watched)).validate(
        module(), datamodule=People(), verbose=False
    )
    first, second = (
        [np.load(path) for path in sorted((tmp_path / which).rglob("cam_raw.npy"))] for which in ("compiled", "plain")
    )
    assert len(first) == 3
    np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-6)


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
    titles = [f"explain/{who}C0_person_{who}_{kind}" for who in (20, 22) for kind in ("best_match", "predicted_class")]
    images = sorted(f"{title}/{kind}" for title in titles for kind in ("sheet", "video"))
    assert sorted(board.Tags()["images"]) == images
    for tag in images:
        assert [event.step for event in board.Images(tag)] == [2, 4]
    with Image.open(io.BytesIO(board.Images(f"{titles[0]}/video")[0].encoded_image_string)) as animation:
        assert getattr(animation, "n_frames", 1) == FRAMES
    text = board.Tensors(f"{titles[0]}/question/text_summary")[0].tensor_proto.string_val[0].decode()
    assert text.startswith("20C0 (person 20): why its best match 2")


def test_what_it_took_and_how_good_the_maps_are_is_logged(board: Any) -> None:
    names = ["deletion", "deletion_random", "insertion", "insertion_random", "flicker", "gini", "seconds"]
    tags = [tag for tag in board.Tags()["scalars"] if tag.startswith("explain/")]
    assert sorted(tags) == sorted(f"explain/{name}" for name in names)
    for tag in tags:
        assert [event.step for event in board.Scalars(tag)] == [2, 4]
    assert all(0 < event.value < 60 for event in board.Scalars("explain/seconds"))
    assert all(0 < event.value < 1 for event in board.Scalars("explain/gini"))


def test_without_tensorboard_a_folder_of_the_run_is_written(tmp_path: Path) -> None:
    logger = CSVLogger(tmp_path, name="run", version="0")
    trainer(tmp_path, ExplainCallback(tracklets=1), logger=logger, max_epochs=1).fit(module(), datamodule=People())
    folder, *others = sorted((tmp_path / "run" / "0" / "explain" / "step_000002").iterdir())
    assert folder.name == "20C0_person_20_best_match"
    assert [other.name for other in others] == [
        "20C0_person_20_best_match_other_side",
        "20C0_person_20_predicted_class",
    ]
    assert json.loads((folder / "summary.json").read_text())["name"].startswith("20C0 (person 20): why its best match")
    assert {"explain/seconds", "explain/flicker"} < set(
        (tmp_path / "run/0/metrics.csv").read_text().split("\n")[0].split(",")
    )


@pytest.mark.parametrize("stage", ["validate", "test"])
def test_it_runs_in_inference_mode(tmp_path: Path, stage: str) -> None:
    spy = Spy()
    evaluate = getattr(trainer(tmp_path, ExplainCallback(every_n_epochs=7, method=spy)), stage)
    evaluate(module(), datamodule=People(), verbose=False)
    assert len(spy.targets) == 12
    assert len(list((tmp_path / "explain" / "step_000000").iterdir())) == 12


def test_queries_are_spread_and_the_same_in_every_epoch(tmp_path: Path) -> None:
    spy = Spy()
    trainer(tmp_path, ExplainCallback(tracklets=2, method=spy)).fit(module(), datamodule=People())
    first = [People.clip(0, 0, tracklet, 0).pixels[None] for tracklet in (0, 2)]
    expected = [module().model.preprocess(pixels) for pixels in [*first, *first]]
    torch.testing.assert_close(spy.pixels[::3], expected)
    torch.testing.assert_close(spy.pixels[1::3], expected)  # of the other question


def test_more_tracklets_than_queries(tmp_path: Path) -> None:
    spy = Spy()
    trainer(tmp_path, ExplainCallback(tracklets=99, method=spy), max_epochs=1).fit(module(), datamodule=People())
    assert len(spy.targets) == 12


def test_every_n_epochs_and_after_the_last(tmp_path: Path) -> None:
    spy = Spy()
    watching = ExplainCallback(every_n_epochs=2, tracklets=1, method=spy)
    trainer(tmp_path, watching, max_epochs=5).fit(module(), datamodule=People())
    steps = ["step_000004", "step_000008", "step_000010"]
    assert sorted(path.name for path in (tmp_path / "explain").iterdir()) == steps
    assert len(spy.targets) == 3 * 3


def titles(folder: Path, data: LightningDataModule, **options: Any) -> list[str]:
    run = trainer(folder, ExplainCallback(tracklets=1), max_epochs=1, **options)
    run.fit(module(), datamodule=data)
    return sorted(path.name for path in folder.glob("explain/*/*"))


def test_training_people_are_explained_as_classes(tmp_path: Path) -> None:
    match = "8C0_person_8_best_match"
    assert titles(tmp_path, People(test=(8, 9))) == [match, f"{match}_other_side", "8C0_person_8_class_1"]


def test_a_number_of_another_benchmark_is_somebody_else(tmp_path: Path) -> None:
    model = module()
    model.model.name_classes([8, 9, 10])
    trainer(tmp_path, ExplainCallback(tracklets=1)).validate(model, datamodule=People(test=(8, 9)), verbose=False)
    names = sorted(path.name for path in tmp_path.glob("explain/*/*"))
    assert names[0] == "8C0_person_8_best_match"
    assert names[-1] == "8C0_person_8_predicted_class"


def test_an_evaluation_cut_short_has_no_match(tmp_path: Path) -> None:
    assert titles(tmp_path, People(), limit_val_batches=1) == ["20C0_person_20_predicted_class"]


def test_a_match_is_never_that_of_an_earlier_evaluation(tmp_path: Path) -> None:
    model = module()
    trainer(tmp_path / "whole").validate(model, datamodule=People(), verbose=False)
    run = trainer(tmp_path / "cut", ExplainCallback(tracklets=1), limit_val_batches=1)
    run.validate(model, datamodule=People(test=(24, 25)), verbose=False)
    assert [path.name for path in tmp_path.glob("cut/explain/*/*")] == ["24C0_person_24_predicted_class"]


def test_both_questions_share_one_forward_pass_and_the_other_side_has_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explain.callback.map_scores", lambda *_: {})
    model = module()
    shown: list[int] = []
    model.model.register_forward_pre_hook(lambda _, inputs: shown.append(len(inputs[0])))
    trainer(tmp_path, ExplainCallback(tracklets=2)).validate(model, datamodule=People(), verbose=False)
    assert shown[-5:] == [1] * 5  # the last batch of the evaluation has one clip; then two clips of two queries
    assert shown[-6] == 3


class Slow(Spy):
    """Takes ten seconds by a clock of its own."""

    now = 0.0

    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        self.now += 10
        return super().attribute(model, pixels, target)


@pytest.mark.parametrize(
    ("seconds", "asked", "complaint"),  # 4 queries; of each two questions, and the other side of a match
    [
        (35.0, 5, "35 seconds of a validation; there was no time for other sides of matches (1), queries (2), judge"),
        (49.0, 5, "no time for other sides of matches (1), queries (2), judgements of maps (4): raise"),
        (55.0, 6, "55 seconds of a validation; there was no time for queries (2), judgements of maps (4): raise"),
        (115.0, 12, "115 seconds of a validation; there was no time for judgements of maps (8): raise"),
        (121.0, 12, ""),
    ],
)
def test_when_the_time_is_up_the_rest_is_left_out_and_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float | None, asked: int, complaint: str
) -> None:
    slow = Slow()
    monkeypatch.setattr("explain.watch.budget.time", SimpleNamespace(perf_counter=lambda: slow.now))
    run = trainer(tmp_path, ExplainCallback(method=slow, seconds=seconds), logger=CSVLogger(tmp_path, "", ""))
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        run.fit(module(), datamodule=People())
    said = [str(warning.message) for warning in found if "seconds of a validation" in str(warning.message)]
    assert len(said) == bool(complaint)
    assert all(complaint in message for message in said)
    assert len(slow.targets) == 2 * asked
    assert run.logged_metrics.get("explain/seconds") is None  # no metric of the model
    assert f"{asked * 10}.0" in (tmp_path / "metrics.csv").read_text()


class NotANumber(Spy):
    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        return super().attribute(model, pixels, target) * torch.nan


def test_a_map_that_is_not_finite_is_a_warning(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"the run goes on without it: 20C0 .* the map holds NaN"):
        trainer(tmp_path, ExplainCallback(method=NotANumber()), max_epochs=1).fit(module(), datamodule=People())
    assert not (tmp_path / "explain").exists()


@pytest.mark.parametrize(
    "error",
    [
        OSError("no space left on device"),
        InputError("no map"),
        torch.OutOfMemoryError(""),
        RuntimeError("Kernel size can't be greater than actual input size"),
        ZeroDivisionError(),
    ],
)
def test_a_failure_warns_once_and_training_goes_on(tmp_path: Path, error: Exception) -> None:
    spy = Spy(error)
    run = trainer(tmp_path, ExplainCallback(method=spy))
    with pytest.warns(UserWarning, match="an explanation failed, the run goes on without it") as found:
        run.fit(module(), datamodule=People())
    assert len([warning for warning in found if "an explanation failed" in str(warning.message)]) == 1
    assert len(spy.targets) == 8  # the first question of each query
    assert run.global_step == 4


def test_a_folder_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "explain").write_text("in the way")
    with pytest.warns(UserWarning, match="the run goes on without it"):
        trainer(tmp_path, ExplainCallback(tracklets=1)).fit(module(), datamodule=People())


def test_a_failure_in_the_midst_of_a_map_leaves_the_training_as_it_is(tmp_path: Path) -> None:
    class Late(Spy):
        """Raises when all passes are made and random numbers are drawn."""

        @override
        def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
            super().attribute(model, pixels, target)
            torch.rand(3)
            raise ValueError("too small")

    plain = weights_after(tmp_path / "plain")
    with pytest.warns(UserWarning, match="goes on without it: ValueError: too small"):
        assert torch.equal(weights_after(tmp_path / "failing", ExplainCallback(method=Late())), plain)


@pytest.mark.parametrize("broken", ["add_text", "add_image", "file_writer"])
def test_a_writer_that_died_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    def dead(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    plain = weights_after(tmp_path / "plain")
    logger = TensorBoardLogger(tmp_path / "full")
    where = (logger.experiment.file_writer, "add_summary") if broken == "file_writer" else (logger.experiment, broken)
    monkeypatch.setattr(*where, dead)
    if broken == "file_writer":  # its scalars go another way, which is the trainer's own
        monkeypatch.setattr(logger, "log_metrics", lambda *_, **__: None)
    with pytest.warns(UserWarning, match="goes on without it: .*No space left") as found:
        explained = weights_after(tmp_path / "explained", ExplainCallback(), logger=logger)
    assert torch.equal(explained, plain)
    assert len([warning for warning in found if "an explanation failed" in str(warning.message)]) == 1


@pytest.mark.parametrize("method", [GradCAM("layer9"), LayerCAM(layers=["stem", "layer9"]), ScoreCAM("layer9")])
def test_a_misspelt_layer_is_told_before_the_training(tmp_path: Path, method: Explainer) -> None:
    run = trainer(tmp_path, ExplainCallback(method=method))
    with pytest.raises(InputError, match="layer layer9: TinyNet has no layer of this name"):
        run.fit(module(), datamodule=People())
    assert run.global_step == 0


def test_for_those_who_look_for_a_bug_it_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REIDLENS_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        trainer(tmp_path, ExplainCallback(method=Spy(ZeroDivisionError()))).fit(module(), datamodule=People())


def test_the_default_method_works_on_a_class_token(tmp_path: Path) -> None:
    trainer(tmp_path, ExplainCallback(tracklets=1), max_epochs=1).fit(module(TokenNet), datamodule=People())
    assert list(tmp_path.glob("explain/*/*/contact_sheet.png"))


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"every_n_epochs": 0}, "must both be at least 1"),
        ({"tracklets": 0}, "must both be at least 1"),
        ({"seconds": 0.0}, r"seconds 0\.0: give some time above 0"),
        ({"seconds": float("nan")}, "seconds nan: give some time above 0"),
    ],
)
def test_a_number_that_is_too_small_is_refused_at_once(numbers: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ExplainCallback(**numbers)


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
    assert built.seconds == 30


PROGRAM = """
import sys
from pathlib import Path
import torch
from torch import distributed
from lightning.pytorch.loggers import TensorBoardLogger
from explain.callback import ExplainCallback
from tests.explain.test_callback import People, Spy, module, trainer

class Signed(Spy):
    def attribute(self, model, pixels, target):
        with (folder / f"rank_{distributed.get_rank()}").open("a") as file:
            file.write(".")
        return super().attribute(model, pixels, target)

folder = Path(sys.argv[1])
torch.set_num_threads(1)
ranks = dict(devices=2, strategy="ddp_fork", use_distributed_sampler=False, max_epochs=1, num_sanity_val_steps=-1)
for name, callbacks in {"plain": [], "explained": [ExplainCallback(tracklets=2, method=Signed(), seconds=60)]}.items():
    model = module()
    run = trainer(folder, *callbacks, logger=TensorBoardLogger(folder, name), accumulate_grad_batches=2, **ranks)
    run.fit(model, datamodule=People())
    torch.save(model.state_dict(), folder / f"{name}.pth")
"""


@pytest.mark.ddp
def test_in_two_processes_the_first_explains_and_nothing_waits_for_ever(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(tmp_path)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.glob("rank_*")] == ["rank_0"]
    assert len((tmp_path / "rank_0").read_text()) == 2 * 3  # queries; class, match and the other side of the match
    assert len(list(tmp_path.glob("explained/*/events*"))) == 1
    plain, explained = (torch.load(tmp_path / f"{name}.pth", weights_only=True) for name in ("plain", "explained"))
    assert plain.keys() == explained.keys()
    assert all(torch.equal(plain[name], explained[name]) for name in plain)
