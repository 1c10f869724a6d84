"""TCAM from the classifier to the checkpoint that explains, on drawn shots."""

import copy
import io
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from datasets.localization import SyntheticShots
from datasets.localization.datamodule import LocalizationDataModule
from explain.cam import GradCAM, LayerCAM
from explain.command.progress import Lines
from explain.core import Explainer
from explain.targets import ClassLogit
from explain.tcam.classifier import FrameClassifier
from explain.tcam.foreground import Foreground, Gated
from explain.tcam.loading import load_localizer
from explain.tcam.module import TCAM
from explain.tcam.objective import Objective
from explain.tcam.seeds import Seeds
from explain.tcam.stages import facts_of, fill, newest, prepare
from explain.tcam.store import CamStore, Filling
from reid.backbones import ResNetTA, SmallResNet
from reid.checkpoint import load_model
from reid.errors import InputError
from reid.model import ReIDModel

LAYERS = ["stages.0", "stages.1"]
RECIPE: dict[str, Any] = {
    "backbone": {
        "class_path": "reid.backbones.SmallResNet",
        "init_args": {"widths": [4, 8], "strides": [2, 2], "size": [64, 64]},
    },
    "num_identities": 4,
    "neck": "none",
}
pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice on so small a run


def backbone() -> SmallResNet:
    torch.manual_seed(0)
    return SmallResNet((4, 8), (2, 2), (64, 64))


def shots() -> LocalizationDataModule:
    return LocalizationDataModule(
        SyntheticShots(0, 8, 4, 4), (64, 64), None, batch_size=8, frames_per_shot=2, workers=0
    )


def trainer(root: Path, epochs: int = 1, **options: Any) -> Trainer:
    return Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        default_root_dir=root,
        logger=False,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        **options,
    )


def train_classifier(_config: Path, folder: Path) -> None:
    """The first stage, with the recipe that the command line would store."""
    module = FrameClassifier(backbone(), 4, optimizer=lambda own: torch.optim.SGD(own, 0.1))
    module.hparams.update(RECIPE)
    keeps = ModelCheckpoint(folder, "best_classification", monitor="top1", mode="max")
    trainer(folder, callbacks=[keeps]).fit(module, shots())


def tcam(classifier: Path | None = None, **options: Any) -> TCAM:
    module = TCAM(
        backbone(),
        4,
        LAYERS,
        widths=[8],
        classifier=classifier,
        classifier_config=Path("classifier.yaml"),
        objective=Objective(Seeds(foreground=5, background=5)),
        optimizer=lambda own: torch.optim.SGD(own, 0.05, momentum=0.9),
        **options,
    )
    module.hparams.update(RECIPE)
    return module


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with all three stages."""
    root = tmp_path_factory.mktemp("tcam")
    module = tcam()
    prepare(module, shots(), root, train_classifier, Lines(io.StringIO()))
    before = copy.deepcopy(module.localizer.encoder.state_dict())
    first = module.localizer.decoder.head.weight.clone()
    run = trainer(root, 2)
    run.fit(module, shots())
    for name, tensor in module.localizer.encoder.state_dict().items():
        assert torch.equal(tensor, before[name]), f"{name} of the frozen classifier has changed"
    assert not torch.equal(module.localizer.decoder.head.weight, first)
    assert not any(one.training for one in module.localizer.encoder.modules())
    assert module.threshold >= 0
    run.save_checkpoint(root / "tcam.ckpt")
    return root


def test_what_is_made_is_not_made_again(root: Path) -> None:
    def refuse(_config: Path, _folder: Path) -> None:
        raise AssertionError("there is a classifier")

    module = tcam()
    prepare(module, shots(), root, refuse, Lines(io.StringIO()))
    assert module.store is not None
    assert module.store.lengths == [8] * 8


def test_the_checkpoint_is_a_localizer(root: Path) -> None:
    trained = load_localizer(root / "tcam.ckpt")
    batch = next(iter(shots().every_frame()))
    module = tcam()
    content = torch.load(root / "tcam.ckpt", weights_only=True)
    module.load_state_dict(content["state_dict"])
    with torch.no_grad():
        expected = module.eval().locate(batch)
        torch.testing.assert_close(trained.localizer(batch.pixels).heat, expected.heat)
    assert trained.threshold == pytest.approx(module.threshold.item())
    assert content["hyper_parameters"]["backbone"] == RECIPE["backbone"]


def test_the_foreground_is_a_map_of_any_model_and_a_gate(root: Path) -> None:
    localizer = load_localizer(root / "tcam.ckpt").localizer
    model = ReIDModel(ResNetTA(18, (64, 32)), 3)  # prepared otherwise than the localizer
    frames = torch.randint(256, (2, 3, 4, 64, 32), dtype=torch.uint8)
    pixels = model.preprocess(frames)
    seen = Foreground(localizer)(model, pixels, ClassLogit(0))
    assert seen.shape == (2, 4, 64, 64)
    assert 0 <= seen.min() <= seen.max() <= 1
    raw = GradCAM()(model, pixels, ClassLogit(0))
    gated = Gated(GradCAM(), localizer)(model, pixels, ClassLogit(0))
    assert gated.shape == raw.shape
    assert (gated.abs() <= raw.abs() + 1e-6).all()
    still = Foreground(localizer)(model, model.preprocess(frames), ClassLogit(2))
    torch.testing.assert_close(seen, still, rtol=0, atol=0)


def test_a_resumed_run_draws_the_same_seeds(root: Path) -> None:
    """The generator of a step depends on its place alone."""
    module = tcam(classifier=root / "classifier" / "best_classification.ckpt", cams=root / "cams")
    prepare(module, shots(), root, train_classifier, Lines(io.StringIO()))
    trainer(root, 1).fit(module, shots())
    draws = [torch.rand(3, generator=module._generator(batch)) for batch in (0, 0, 1)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_a_classifier_that_is_missing_or_another(root: Path, tmp_path: Path) -> None:
    quiet = Lines(io.StringIO())
    module = tcam(classifier=tmp_path)
    with pytest.raises(InputError, match=r"no best_classification.ckpt below it: give a checkpoint"):
        prepare(module, shots(), tmp_path, train_classifier, quiet)
    other = TCAM(
        SmallResNet((4, 4), (2, 2)), 4, LAYERS, widths=[8], classifier=root / "classifier" / "best_classification.ckpt"
    )
    with pytest.raises(InputError, match=r"weight is \[8, 4, 3, 3\] there and \[4, 4, 3, 3\] here: give the"):
        prepare(other, shots(), tmp_path, train_classifier, quiet)
    with pytest.raises(InputError, match="neighbours -1"):
        TCAM(backbone(), 4, LAYERS, neighbours=-1)
    with pytest.raises(InputError, match="layer trunk: SmallResNet has no such layer; it has"):
        TCAM(backbone(), 4, ["trunk"])
    with pytest.raises(InputError, match="holds no TCAM"):
        load_localizer(root / "classifier" / "best_classification.ckpt")


def test_several_processes_find_what_one_has_made(root: Path, tmp_path: Path) -> None:
    module = tcam()
    prepare(module, shots(), root, train_classifier, Lines(io.StringIO()), alone=False)
    assert module.store is not None
    with pytest.raises(InputError, match="no classifier yet: run this once with one process"):
        prepare(tcam(), shots(), tmp_path, train_classifier, Lines(io.StringIO()), alone=False)


def stored(checkpoint: Path, method: Explainer, folder: Path) -> CamStore:
    data = shots()
    filling = Filling(folder, facts_of(checkpoint, method, data), data.shot_lengths)
    fill(filling, load_model(checkpoint), method, data, Lines(io.StringIO()))
    return CamStore(folder)


def test_maps_of_another_method_are_made_again(root: Path, tmp_path: Path) -> None:
    checkpoint = root / "classifier" / "best_classification.ckpt"
    first = stored(checkpoint, LayerCAM(), tmp_path).strongest([0], [0])
    other = stored(checkpoint, GradCAM(), tmp_path)
    assert other.facts["method"].startswith("GradCAM(")
    assert not torch.equal(first, other.strongest([0], [0]))


def test_a_store_that_was_named_is_not_replaced(root: Path) -> None:
    named = tcam(cams=root / "cams", method=GradCAM())
    with pytest.raises(InputError, match="holds maps of another classifier, method or data; name another folder"):
        prepare(named, shots(), root, train_classifier, Lines(io.StringIO()))


def test_a_classifier_whose_training_did_not_end_is_trained_again(tmp_path: Path) -> None:
    trained = []

    def interrupted(config: Path, folder: Path) -> None:
        trained.append("begun")
        train_classifier(config, folder)
        raise KeyboardInterrupt

    def whole(config: Path, folder: Path) -> None:
        trained.append("whole")
        train_classifier(config, folder)

    quiet = Lines(io.StringIO())
    with pytest.raises(KeyboardInterrupt):
        prepare(tcam(), shots(), tmp_path, interrupted, quiet)
    assert newest(tmp_path, "best_classification.ckpt")
    prepare(tcam(), shots(), tmp_path, whole, quiet)
    prepare(tcam(), shots(), tmp_path, whole, quiet)
    assert trained == ["begun", "whole"]


def test_other_shots_have_another_classifier_and_other_maps(tmp_path: Path) -> None:
    trained = []

    def noted(config: Path, folder: Path) -> None:
        trained.append(folder)
        train_classifier(config, folder)

    others = LocalizationDataModule(SyntheticShots(1, 8, 4, 4), (64, 64), None, batch_size=8, workers=0)
    facts = []
    for data in (shots(), others):
        module = tcam()
        prepare(module, data, tmp_path, noted, Lines(io.StringIO()))
        assert module.store
        facts.append(module.store.facts["shots"])
    assert len(trained) == 2
    assert facts[0] != facts[1]


def test_without_boxes_no_checkpoint_is_chosen_by_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = shots()
    for shot in data.benchmark.val:
        shot.boxes.clear()  # type: ignore[attr-defined]
        object.__setattr__(shot, "masks", None)
    module = FrameClassifier(backbone(), 4, optimizer=lambda own: torch.optim.SGD(own, 0.1))
    by_boxes = ModelCheckpoint(tmp_path, "best_localization", monitor="corloc", mode="max")
    by_class = ModelCheckpoint(tmp_path, "best_classification", monitor="top1", mode="max")
    trainer(tmp_path, callbacks=[by_boxes, by_class]).fit(module, data)
    assert "no boxes to validate by: no best_localization.ckpt is kept" in capsys.readouterr().out
    assert (tmp_path / "best_classification.ckpt").exists()
    assert not (tmp_path / "best_localization.ckpt").exists()


def test_another_number_of_classes_is_one_line(tmp_path: Path) -> None:
    module = FrameClassifier(backbone(), 3)
    with pytest.raises(InputError, match=r"has 4 classes but the model 3: pass --model.num_identities 4"):
        trainer(tmp_path).fit(module, shots())


def test_parts_of_a_classifier_learn_faster() -> None:
    module = FrameClassifier(backbone(), 4, optimizer=lambda own: torch.optim.SGD(own, 0.1), fast=["classifier"])
    optimizer: Any = module.configure_optimizers()["optimizer"]  # type: ignore[index, call-overload]
    slow, fast = optimizer.param_groups
    assert (slow["lr"], fast["lr"]) == (0.1, 1.0)
    assert len(fast["params"]) == 2


def test_a_threshold_is_that_of_the_method(tmp_path: Path) -> None:
    """Another method than that of the training chooses its own one on the validation split before it is tested."""
    module = FrameClassifier(backbone(), 4, optimizer=lambda own: torch.optim.SGD(own, 0.1))
    first = trainer(tmp_path)
    first.fit(module, shots())
    first.save_checkpoint(tmp_path / "last.ckpt")
    found = {}
    for method in (LayerCAM(), GradCAM()):
        other = FrameClassifier(backbone(), 4, method=method)
        trainer(tmp_path).test(other, datamodule=shots(), ckpt_path=str(tmp_path / "last.ckpt"), weights_only=True)
        checked = FrameClassifier(backbone(), 4, method=method)
        trainer(tmp_path).validate(
            checked, datamodule=shots(), ckpt_path=str(tmp_path / "last.ckpt"), weights_only=True
        )
        assert other.threshold == checked.threshold
        found[type(method).__name__] = other.threshold.item()
    assert found["LayerCAM"] == module.threshold.item()
    assert found["GradCAM"] != found["LayerCAM"]
