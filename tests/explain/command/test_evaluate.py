"""Which method to believe: what is judged, beside what, and by how much."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from typing_extensions import override

from explain.command import chase
from explain.command.evaluate import FEW_NOISES, NOISES, Scope, _hearing, _scores
from explain.command.jury import Hearing
from explain.command.known import Known
from explain.command.methods import build_methods
from explain.command.names import CONTROLS
from explain.core import Explainable, Explainer
from explain.metrics.embed_deleted import embed_deleted
from explain.targets import ClassLogit, Target
from tests.explain.command.asking import run_benchmark
from tests.toys import TinyNet, pixels, random_model


def judged(config: Path, checkpoint: Path, output: Path, *flags: str) -> dict[str, Any]:
    """What `evaluation.json` says."""
    run_benchmark(config, checkpoint, output, "evaluate", *flags)
    found: dict[str, Any] = json.loads((output / "evaluation.json").read_text())
    return found


def test_evaluate_judges_the_methods_beside_the_controls(
    drawn_config: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ("--queries", "2", "--method", "gradcam,eigencam")
    found = judged(drawn_config, checkpoint, tmp_path / "out", *flags)
    table = (tmp_path / "out/table.md").read_text()
    assert table in capsys.readouterr().out + "\n"
    assert list(found["scores"]) == ["gradcam", "eigencam", *CONTROLS]
    wanted = {"deletion", "insertion", "ap_area", "flicker", "energy_pointing_person", "energy_pointing_item"}
    assert all(wanted <= set(scores) for scores in found["scores"].values())
    assert found["judged_queries"] == 2
    assert (tmp_path / "out/curves.png").stat().st_size > 10_000


def test_thorough_judges_every_method_on_stability(drawn_config: Path, checkpoint: Path, tmp_path: Path) -> None:
    flags = ("--queries", "1", "--thorough", "--method", "gradcam,scorecam,ablationcam", "--scorecam_channels", "2")
    found = judged(drawn_config, checkpoint, tmp_path / "out", *flags)
    measured = {"road_combined", "max_sensitivity", "infidelity", "random_weights"}
    assert all(measured <= set(scores) for scores in found["scores"].values())
    assert found["noises"] == FEW_NOISES
    for method in ("gradcam", "scorecam", "ablationcam"):
        assert found["scores"][method]["max_sensitivity"] > 0
        assert abs(found["scores"][method]["random_weights"]) < 0.999
    assert found["scores"]["centre"]["random_weights"] == pytest.approx(1)  # it never looks at the model
    assert found["scores"]["centre"]["max_sensitivity"] == 0


@pytest.mark.parametrize(
    ("methods", "thorough", "noises"),
    [
        (("gradcam", "random"), True, NOISES),
        (("gradcam", "scorecam"), True, FEW_NOISES),
        (("ablationcam",), True, FEW_NOISES),
        (("gradcam",), False, 0),
    ],
)
def test_all_methods_of_a_table_meet_the_same_noises(methods: tuple[str, ...], thorough: bool, noises: int) -> None:
    bench: Any = SimpleNamespace(methods=build_methods(methods))
    assert _hearing(bench, Scope("tubes", thorough)) == Hearing("tubes", noises)


def test_few_groups_of_channels_are_judged_beside_all(drawn_config: Path, checkpoint: Path, tmp_path: Path) -> None:
    flags = ("--queries", "1", "--method", "scorecam,scorecam_full", "--scorecam_channels", "2")
    found = judged(drawn_config, checkpoint, tmp_path / "few", *flags)
    assert list(found["scores"]) == ["scorecam", "scorecam_full", *CONTROLS]
    assert found["scorecam_channels"] == 2
    assert 0.9 < found["scores"]["scorecam"]["agreement"] < 1
    assert [name for name, scores in found["scores"].items() if "agreement" in scores] == ["scorecam"]
    head, _, few, *_ = (tmp_path / "few/table.md").read_text().splitlines()
    assert few.split("|")[head.split("|").index(" like all channels ↑ ")] != " - "


def test_agreement_is_the_mean_correlation_of_the_maps() -> None:
    full = [torch.tensor([[[[1.0, 2.0, 4.0]]]]), torch.tensor([[[[1.0, 0.0, 0.0]]]])]
    few = [full[0] * 2 + 1, -full[1]]
    juries: Any = {
        name: SimpleNamespace(maps=maps, scores=dict) for name, maps in (("scorecam", few), ("scorecam_full", full))
    }
    assert _scores(juries)["scorecam"]["agreement"] == pytest.approx(0)


def test_whole_frames_are_taken_away(
    drawn_config: Path, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = []

    def watched(model: Any, pixels: Tensor, raw: Tensor, shares: tuple[float, ...], unit: Any) -> Tensor:
        units.append(unit)
        return embed_deleted(model, pixels, raw, shares, unit)

    monkeypatch.setattr(chase, "embed_deleted", watched)
    found = judged(
        drawn_config, checkpoint, tmp_path / "out", "--queries", "1", "--method", "gradcam", "--unit", "frames"
    )
    assert found["unit"] == "frames"
    assert units == ["frames"] * 4
    deletion = torch.tensor(
        found["curves"]["gradcam"]["deletion"][:4]
    )  # of 11: straight as long as one frame of 3 goes
    torch.testing.assert_close(deletion.diff(n=2), torch.zeros(2), rtol=0, atol=1e-5)


class Counting(Explainer):
    """Counts what it explains."""

    def __init__(self) -> None:
        self.explained = 0

    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        self.explained += 1
        return pixels.mean(1)


def test_a_known_map_is_not_computed_again() -> None:
    model, other, clips, raw, method = (
        random_model(TinyNet()),
        random_model(TinyNet()),
        pixels(),
        torch.ones(1),
        Counting(),
    )
    known = Known(method, model, clips, raw)
    assert known(model, clips.clone(), ClassLogit(0)) is not None
    assert torch.equal(known(model, clips.clone(), ClassLogit(0)), raw)
    assert method.explained == 0
    assert torch.equal(known(model, clips + 1, ClassLogit(0)), (clips + 1).mean(1))
    assert torch.equal(known(other, clips, ClassLogit(0)), clips.mean(1))
    assert method.explained == 2
