"""Two processes train and evaluate as one does."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from pathlib import Path
import torch
from lightning.pytorch import Trainer, seed_everything
from explain.callback import ExplainCallback
from reid.backbones import ResNetTA
from reid.losses import CenterLoss, IdentityLoss
from reid.module import ReIDModule
from tests.colours import PERSONS, Colours

folder, devices = Path(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(1)
seed_everything(0)
losses = {"identity": IdentityLoss(), "center": CenterLoss(PERSONS, 512)}
module = ReIDModule(ResNetTA(18, (32, 16)), PERSONS, losses, optimizer=lambda p: torch.optim.SGD(p, lr=0.01))
trainer = Trainer(
    max_epochs=1, accelerator="cpu", devices=devices, strategy="ddp_fork" if devices > 1 else "auto", logger=False,
    default_root_dir=folder, use_distributed_sampler=False, enable_progress_bar=False, num_sanity_val_steps=-1,
    callbacks=[ExplainCallback(tracklets=2)],
)
trainer.fit(module, datamodule=Colours())
torch.save(module.state_dict(), folder / "weights.pth")
"""


def run(folder: Path, devices: int) -> dict[str, torch.Tensor]:
    folder.mkdir()
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(folder), str(devices)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    weights: dict[str, torch.Tensor] = torch.load(folder / "weights.pth", weights_only=True)
    return weights


@pytest.mark.ddp
def test_two_processes_give_the_numbers_and_weights_of_one(tmp_path: Path) -> None:
    """Both processes train on the same batch here, so that the mean of their gradients is that of one process."""
    one, two = run(tmp_path / "one", 1), run(tmp_path / "two", 2)
    for name in one:
        torch.testing.assert_close(two[name], one[name], rtol=1e-4, atol=1e-5, msg=name)
    results = [json.loads((tmp_path / folder / "results.json").read_text()) for folder in ("one", "two")]
    for name in ("mAP", "CMC-1", "mINP", "queries", "gallery", "excluded_pairs", "frames_replaced"):
        assert results[1][name] == pytest.approx(results[0][name], abs=1e-6)
    assert list((tmp_path / "two" / "explain").rglob("summary.json"))
