"""Methods that cannot explain something are left out there, and there alone."""

from pathlib import Path, PurePosixPath

import numpy as np
import pytest
import torch
from torch import Tensor
from typing_extensions import override

from explain.cam import GradCAM
from explain.cam.base import CAM
from explain.command.checkpoint import Checkpoint
from explain.command.drawing import drawings_of
from explain.command.files import read_subject
from explain.command.inquiry import about_pair
from explain.command.publish import Keep
from explain.command.workbench import Tools, Workbench, workbench
from explain.recording import Recording
from explain.report.content import Heatmap, Panel, Question
from explain.targets import Target
from reid.errors import InputError
from reid.model import ReIDModel


class Moody(CAM):
    """Refuses the first clip that it is asked about."""

    asked = 0

    @override
    def combine(self, recording: Recording, target: Target) -> Tensor:
        self.asked += 1
        if self.asked == 1:
            raise InputError("not today")
        return recording.activation.sum(1)


def moody(files: Path, tmp_path: Path, lenient: bool) -> tuple[Workbench[ReIDModel], Question]:
    """Ask about a pair."""
    tools = Tools(Checkpoint(files / "model.ckpt"), device="cpu", lenient=lenient)
    with workbench(tools, Keep(tmp_path / "out")) as bench:
        bench.methods = {"moody": Moody(), "gradcam": GradCAM()}
        one, other = (read_subject(bench.model, files / name, 3) for name in ("a", "b"))
        return bench, bench.answer(about_pair(one, other, "cosine"))


def test_a_method_that_refused_one_question_is_asked_the_next(files: Path, tmp_path: Path) -> None:
    bench, question = moody(files, tmp_path, lenient=True)
    assert [[heatmap.method for heatmap in panel.maps] for panel in question.panels] == [
        ["gradcam"],
        ["moody", "gradcam"],
    ]
    assert bench.left_out.lines() == ["left out of query a: moody: not today"]


def test_or_it_ends_the_command(files: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not today"):
        moody(files, tmp_path, lenient=False)


@pytest.mark.parametrize("bf16", [True, False])
def test_the_network_runs_in_bfloat16_inside_of_the_command_alone(files: Path, tmp_path: Path, bf16: bool) -> None:
    tools = Tools(Checkpoint(files / "model.ckpt"), device="cpu", bf16=bf16)
    with workbench(tools, Keep(tmp_path / "out")) as bench:
        subject = read_subject(bench.model, files / "a", 2)
        assert subject.output.features.map.dtype == (torch.bfloat16 if bf16 else torch.float32)
        assert subject.embedding.dtype == torch.float32
    assert not torch.is_autocast_enabled("cpu")


def test_a_device_without_bfloat16_is_one_line(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise RuntimeError("Current CUDA Device does not support bfloat16. Please switch dtype to float16.")

    monkeypatch.setattr(torch, "autocast", refuses)
    tools = Tools(Checkpoint(files / "model.ckpt"), device="cpu", bf16=True)
    expected = pytest.raises(InputError, match="--bf16: cpu cannot compute in bfloat16; leave it out")
    with expected, workbench(tools, Keep(tmp_path / "out")):
        pass


def panel(*methods: str) -> Panel:
    """A clip with maps of these methods."""
    return Panel("", np.zeros((1, 4, 2, 3), np.uint8), tuple(Heatmap(name, torch.ones(1, 2, 1)) for name in methods))


def test_maps_have_a_folder_for_each_method_wherever_one_side_has_two() -> None:
    one, both = Question("", "", 0.0, (panel("a"), panel("a"))), Question("", "", 0.0, (panel("a"), panel("a", "b")))
    assert [str(drawing.place) for drawing in drawings_of([one])] == [".", "against"]
    assert [str(drawing.place) for drawing in drawings_of([both])] == ["a", "a/against", "b/against"]
    places = [drawing.place for drawing in drawings_of([one, both])]
    assert places[0] == PurePosixPath("question_00")
    assert places[-1] == PurePosixPath("question_01/b/against")
