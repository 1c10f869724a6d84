"""A training that is ended at any moment goes on as if it had not been: in this process, hook by hook.

`benchmarks/kills.py` does the same to real processes at random times.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from datasets import Synthetic
from datasets.clips import EvaluationClips, TrainingClips
from reid.types import Clip
from tests.killing import BATCHES, EPOCHS, HOOKS, Sketch, Training, kill, people, sketch, terminate

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice


def last(folder: Path, **options: Any) -> ModelCheckpoint:
    return ModelCheckpoint(folder / "kept", filename="last", enable_version_counter=False, **options)


def best(folder: Path, **options: Any) -> ModelCheckpoint:
    return ModelCheckpoint(folder / "kept", filename="best", monitor="mAP", mode="max", **options)


POLICIES: dict[str, tuple[Callable[[Path], list[ModelCheckpoint]], dict[str, Any]]] = {
    "every step": (lambda folder: [last(folder, every_n_train_steps=1), best(folder)], {}),
    "every third step": (lambda folder: [last(folder, every_n_train_steps=3), best(folder)], {}),
    "every epoch": (
        lambda folder: [ModelCheckpoint(folder / "kept", save_last=True, enable_version_counter=False)],
        {},
    ),
    "links": (
        lambda folder: [ModelCheckpoint(folder / "kept", save_last="link", every_n_train_steps=2, save_top_k=-1)],
        {},
    ),
    "two validations an epoch": (
        lambda folder: [last(folder, every_n_train_steps=1), best(folder)],
        {"val_check_interval": 0.5},
    ),
    "after validations": (
        lambda folder: [best(folder, save_on_train_epoch_end=False), last(folder, save_on_train_epoch_end=False)],
        {"val_check_interval": 0.5},
    ),
    "a validation every other epoch": (
        lambda folder: [last(folder, every_n_train_steps=1)],
        {"check_val_every_n_epoch": 2},
    ),
    "gradients of three batches": (
        lambda folder: [last(folder, every_n_train_steps=1), best(folder)],
        {"accumulate_grad_batches": 3},
    ),
}


class Whole:
    """A training that was never touched.

    Attributes:
        sketch: what came out of it.
        passed: its hooks, in order.
    """

    def __init__(self, folder: Path, benchmark: Synthetic, policy: str) -> None:
        self._folder, self._benchmark, self._policy = folder, benchmark, POLICIES[policy]
        training = self.training("whole")
        run, self.passed = training.go_on()
        self.sketch: Sketch = sketch(run, training.folder)

    def training(self, name: str, workers: int = 0) -> Training:
        checkpoints, options = self._policy
        return Training(self._folder / name, self._benchmark, checkpoints, workers, **options)


@pytest.fixture(scope="module")
def benchmark_of_few(tmp_path_factory: pytest.TempPathFactory) -> Synthetic:
    return people(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, benchmark_of_few: Synthetic) -> Whole:
    with pytest.warns():  # else the fixture fails of Lightning's advice
        return Whole(tmp_path_factory.mktemp("runs"), benchmark_of_few, "every step")


def test_the_training_passes_every_hook(whole: Whole) -> None:
    assert set(whole.passed) == set(HOOKS)
    assert whole.sketch["counters"] == (EPOCHS, EPOCHS * BATCHES, EPOCHS, EPOCHS)
    assert len(set(whole.sketch["files"].values())) == 2, "the best is not the last one: else it proves less"


SOME = {"on_train_epoch_start", "on_after_backward", "on_train_batch_end", "on_validation_batch_end"}
SOME |= {"on_validation_end", "on_train_epoch_end"}


@pytest.mark.parametrize("hook", sorted(SOME))
def test_a_kill_changes_nothing(whole: Whole, hook: str) -> None:
    moments = [moment for moment, passed in enumerate(whole.passed) if passed == hook]
    moment = moments[len(moments) // 2]
    assert whole.training(f"kill_{hook}").until_over(moment) == whole.sketch


@pytest.mark.parametrize("hook", ["on_after_backward", "on_validation_batch_end"])
def test_nor_does_a_signal_which_saves_what_was_learnt(
    whole: Whole, hook: str, capsys: pytest.CaptureFixture[str]
) -> None:
    moment = len(whole.passed) - 1 - whole.passed[::-1].index(hook)
    training = whole.training(f"terminate_{hook}")
    with pytest.raises(SystemExit) as stopped:
        training.go_on(moment, terminate)
    assert stopped.value.code == 143
    assert (training.folder / "kept/interrupted.ckpt").exists()
    assert training.until_over() == whole.sketch
    assert capsys.readouterr().out.count("Synthetic, protocol official") >= EPOCHS, "the validation is made again"


@pytest.mark.parametrize("kind", [TrainingClips, EvaluationClips])
def test_nor_does_a_signal_while_a_batch_is_waited_for(
    whole: Whole, kind: type[TrainingClips | EvaluationClips], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, training, read = kind.__getitem__, whole.training(f"waiting_{kind.__name__}"), list[object]()

    def interrupting(self: Any, item: Any) -> Clip:
        read.append(item)
        if len(read) == 11:
            terminate()
        return real(self, item)

    with monkeypatch.context() as patched:
        patched.setattr(kind, "__getitem__", interrupting)
        with pytest.raises(SystemExit) as stopped:
            training.go_on()
    assert stopped.value.code == 143
    assert len(read) == 11, "it did not wait on"
    assert (training.folder / "kept/interrupted.ckpt").exists()
    assert training.until_over() == whole.sketch


@pytest.mark.slow
def test_another_number_of_workers_changes_nothing(whole: Whole) -> None:
    with pytest.raises(BaseException, match=r"^$"):
        whole.training("workers").go_on(40)
    assert whole.training("workers", workers=2).until_over() == whole.sketch


@pytest.mark.slow
@pytest.mark.parametrize("act", [kill, terminate])
@pytest.mark.parametrize("policy", POLICIES)
def test_every_moment(
    tmp_path: Path,
    benchmark_of_few: Synthetic,
    policy: str,
    act: Callable[[], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """About 85 moments of each training: some 1,500 kills and signals in all."""
    untouched = Whole(tmp_path, benchmark_of_few, policy)
    for moment in range(len(untouched.passed)):
        assert untouched.training(f"{moment}").until_over(moment, act=act) == untouched.sketch, moment
    with capsys.disabled():
        print(f"\n{policy}, {act.__name__}: {len(untouched.passed)} moments, the same weights")  # noqa: T201


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
def test_several_kills_of_one_training(tmp_path: Path, benchmark_of_few: Synthetic, policy: str) -> None:
    untouched, generator = Whole(tmp_path, benchmark_of_few, policy), torch.Generator().manual_seed(0)
    for trial in range(20):
        count = 2 + int(torch.randint(3, (), generator=generator))
        moments = torch.randint(len(untouched.passed) // 2, (count,), generator=generator).tolist()
        act = terminate if trial % 3 == 2 else kill
        assert untouched.training(f"{trial}").until_over(*moments, act=act) == untouched.sketch, moments
