"""Two processes train and evaluate as one does."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, distributed, multiprocessing, nn
from torch.nn.parallel import DistributedDataParallel
from typing_extensions import override

from reid import losses as all_losses
from reid.gathering import gather_batch
from reid.losses import (
    ArcFaceLoss,
    AttentionLoss,
    CenterLoss,
    CircleLoss,
    CosFaceLoss,
    IdentityLoss,
    Loss,
    OSMLoss,
    TripletLoss,
    WeightedTripletLoss,
)
from reid.model import ReIDModel
from tests.toys import FrameNet, pixels

pytestmark = [pytest.mark.ddp, pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")]
ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from pathlib import Path
import torch
from lightning.pytorch import Trainer, seed_everything
from torch.utils.data import DataLoader
from datasets.batches import EvaluationShare
from explain.callback import ExplainCallback
from reid.backbones import ResNetTA
from reid.losses import CenterLoss, IdentityLoss, OSMLoss, TripletLoss
from reid.module import ReIDModule
from tests.colours import PERSONS, Colours

class Shares(Colours):
    '''Each process trains on its share of each batch; of seven tracklets one of two evaluates four.'''

    def __init__(self):
        super().__init__()
        self.evaluation.tracklets.append(self.evaluation.tracklets[3])
        self.evaluation.gallery.append(6)
        self.evaluation.clips.append(1)

    def train_dataloader(self):
        size, first = 6 // self.trainer.world_size, self.trainer.global_rank * 6 // self.trainer.world_size
        orders = [0, 3, 1, 4, 2, 5], [0, 1, 2, 3, 4, 5]
        clips = [self.clip(index, index % PERSONS) for order in orders for index in order[first : first + size]]
        return DataLoader(clips, batch_size=size, num_workers=0)

    def val_dataloader(self):
        clips = [self.clip(index, tracklet.person) for index, tracklet in enumerate(self.evaluation.tracklets)]
        share = EvaluationShare(len(clips), self.trainer.global_rank, self.trainer.world_size)
        return DataLoader(clips, batch_size=3, sampler=share, num_workers=0)

folder, devices = Path(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(1)
seed_everything(0)
losses = {
    "identity": IdentityLoss(),
    "triplet": TripletLoss(margin="soft"),
    "osm": OSMLoss(class_vectors="centers"),
    "center": CenterLoss(PERSONS, 512, gain=2000.0),
}
module = ReIDModule(
    ResNetTA(18, (32, 16)), PERSONS, losses, gather=True, optimizer=lambda p: torch.optim.SGD(p, lr=0.01)
)
module.model.eval()  # batch normalisation would see the share of its process
trainer = Trainer(
    max_epochs=1, accelerator="cpu", devices=devices, strategy="ddp_fork" if devices > 1 else "auto", logger=False,
    default_root_dir=folder, use_distributed_sampler=False, enable_progress_bar=False, num_sanity_val_steps=-1,
    callbacks=[ExplainCallback(tracklets=2)],
)
trainer.fit(module, datamodule=Shares())
torch.save(module.state_dict(), folder / "weights.pth")
"""


def run(folder: Path, devices: int) -> dict[str, Tensor]:
    folder.mkdir()
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(folder), str(devices)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    weights: dict[str, Tensor] = torch.load(folder / "weights.pth", weights_only=True)
    return weights


def test_two_processes_give_the_numbers_and_weights_of_one(tmp_path: Path) -> None:
    """Each process trains on one half of each batch and mines in both."""
    one, two = run(tmp_path / "one", 1), run(tmp_path / "two", 2)
    for name in one:
        torch.testing.assert_close(two[name], one[name], rtol=1e-4, atol=1e-5, msg=name)
    results = [json.loads((tmp_path / folder / "results.json").read_text()) for folder in ("one", "two")]
    assert results[0]["gallery"] == 4
    for name in ("mAP", "CMC-1", "mINP", "queries", "gallery", "excluded_pairs", "frames_replaced"):
        assert results[1][name] == pytest.approx(results[0][name], abs=1e-6)
    assert list((tmp_path / "two" / "explain").rglob("summary.json"))


K, D, B, STEPS = 5, 6, 8, 3
PERSONS = torch.tensor([0, 1, 1, 2, 0, 2, 3, 1])  # each half lacks pairs that the whole has
State = dict[str, Tensor]
MINED: dict[str, Callable[[], list[Loss]]] = {
    "triplet": lambda: [TripletLoss()],
    "cosine triplet after the neck": lambda: [TripletLoss(margin="soft", distance="cosine", feature="after_neck")],
    "weighted triplet": lambda: [WeightedTripletLoss()],
    "circle": lambda: [CircleLoss(gamma=16.0)],
    "osm": lambda: [OSMLoss(caa_temperature=0.2)],
    "osm on centers": lambda: [
        OSMLoss(caa_temperature=0.2, class_vectors="centers"),
        CenterLoss(K, D, weight=0.02, gain=50.0),
    ],
}
BY_CLIP: dict[str, Callable[[], list[Loss]]] = {
    "identity alone": list,
    "center": lambda: [CenterLoss(K, D, weight=0.1)],
    "arcface": lambda: [ArcFaceLoss(scale=8.0)],
    "cosface": lambda: [CosFaceLoss(scale=8.0)],
    "attention": lambda: [AttentionLoss()],
}


class Objective(nn.Module):
    """Everything from pixels to the total loss; batch normalisation is frozen."""

    def __init__(self, losses: list[Loss], gather: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.model = ReIDModel(FrameNet(D), K).eval()
        nn.init.normal_(self.model.neck.running_mean)  # type: ignore[arg-type]  # a buffer
        nn.init.normal_(self.model.classifier.weight)  # the usual ones are so short that cosines learn in leaps
        self.losses = nn.ModuleList([IdentityLoss(), *losses])
        self.gather = gather
        self.double()

    @override
    def forward(self, clips: Tensor, person: Tensor, erased: Tensor) -> Tensor:
        output = self.model(clips)._replace(centers=self.centers(), erased=erased)
        if self.gather:
            output, person = gather_batch(output, person)
        return torch.stack([loss.weight * loss(output, person) for loss in self.losses]).sum()

    def centers(self) -> Tensor | None:
        return next((loss.lend() for loss in self.losses if isinstance(loss, CenterLoss)), None)

    def follow(self) -> None:
        for loss in self.losses:
            if isinstance(loss, CenterLoss):
                loss.follow()


def batch(step: int, share: slice) -> tuple[Tensor, Tensor, Tensor]:
    """A share of the clips, people and erased frames of a step."""
    clips = pixels(B, frames=3, seed=step).double()
    return clips[share], PERSONS.roll(step)[share], clips[share, 0, :, 0, 0] > 0


def train(losses: list[Loss], share: slice, gather: bool, several: bool) -> tuple[State, State]:
    """Weights and centers after some steps, and the gradients of the first."""
    objective = Objective(losses, gather)
    wrapped = DistributedDataParallel(objective) if several else objective
    optimizer = torch.optim.SGD(objective.parameters(), lr=0.1)
    gradients: State = {}
    for step in range(STEPS):
        optimizer.zero_grad()
        wrapped(*batch(step, share)).backward()
        objective.follow()
        found = {name: weight.grad for name, weight in objective.named_parameters() if weight.grad is not None}
        gradients = gradients or {name: gradient.clone() for name, gradient in found.items()}
        optimizer.step()
    return objective.state_dict(), gradients


HALVES = slice(0, B // 2), slice(B // 2, B)


def work(process: int, folder: Path) -> None:
    torch.set_num_threads(1)  # threads of the parent do not survive a fork
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=process, world_size=2)
    trained = {
        (name, gather): train(losses(), HALVES[process], gather, several=True)
        for name, losses in (MINED | BY_CLIP).items()
        for gather in (True, False)
    }
    torch.save(trained, folder / f"{process}.pth")
    distributed.destroy_process_group()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> list[dict[tuple[str, bool], tuple[State, State]]]:
    """What each of two processes has after training on its half of each batch, by loss and by whether it gathers."""
    folder = tmp_path_factory.mktemp("trained")
    multiprocessing.start_processes(work, (folder,), nprocs=2, start_method="fork")  # type: ignore[no-untyped-call,attr-defined]
    return [torch.load(folder / f"{process}.pth", weights_only=True) for process in range(2)]


def gap(first: State, second: State) -> float:
    """Largest difference of any tensor, relative to the largest value of that tensor."""
    assert first.keys() == second.keys()
    pairs = [(first[name].double(), second[name].double()) for name in first]
    return max(float((a - b).abs().max() / b.abs().max().clamp(min=1e-6)) for a, b in pairs)


@pytest.mark.parametrize("name", MINED | BY_CLIP)
def test_gathered_halves_train_as_the_whole_batch(
    trained: list[dict[tuple[str, bool], tuple[State, State]]], name: str
) -> None:
    alone = train((MINED | BY_CLIP)[name](), slice(B), gather=False, several=False)
    for process in trained:
        for found, expected in zip(process[name, True], alone, strict=True):
            assert gap(found, expected) < 1e-9


@pytest.mark.parametrize("name", MINED)
def test_halves_that_are_not_gathered_mine_other_pairs(
    trained: list[dict[tuple[str, bool], tuple[State, State]]], name: str
) -> None:
    alone = train(MINED[name](), slice(B), gather=False, several=False)
    for found, expected in zip(trained[0][name, False], alone, strict=True):
        assert gap(found, expected) > 1e-3


@pytest.mark.parametrize("name", BY_CLIP)
def test_losses_of_single_clips_need_not_be_gathered(
    trained: list[dict[tuple[str, bool], tuple[State, State]]], name: str
) -> None:
    alone = train(BY_CLIP[name](), slice(B), gather=False, several=False)
    for process in trained:
        for found, expected in zip(process[name, False], alone, strict=True):
            assert gap(found, expected) < 1e-9


def test_every_loss_is_among_them() -> None:
    tried = {IdentityLoss, *(type(loss) for make in (MINED | BY_CLIP).values() for loss in make())}
    assert tried == {getattr(all_losses, name) for name in all_losses.__all__} - {Loss}


def test_centers_follow_the_mean_gradient_of_the_processes(
    trained: list[dict[tuple[str, bool], tuple[State, State]]],
) -> None:
    """Against a parameter, moved by an optimiser of its own, in the mean of the losses of both halves."""
    osm, center = MINED["osm on centers"]()
    assert isinstance(center, CenterLoss)
    objective, centers = Objective([osm]), nn.Parameter(center.centers.double())
    objective.centers = lambda: centers  # type: ignore[method-assign]
    optimizer = torch.optim.SGD(objective.parameters(), lr=0.1)
    optimizer_of_centers = torch.optim.SGD([centers], lr=0.5 * 50)
    for step in range(STEPS):
        total = torch.zeros((), dtype=torch.float64)
        for half in HALVES:
            clips, person, erased = batch(step, half)
            offset = objective.model(clips).before_neck - centers[person]
            total = total + (objective(clips, person, erased) + 0.02 * offset.square().sum(1).mean()) / 2
        optimizer.zero_grad()
        optimizer_of_centers.zero_grad()
        torch.autograd.backward(total)
        optimizer.step()
        optimizer_of_centers.step()
    for process in trained:
        weights = process["osm on centers", False][0]
        torch.testing.assert_close(weights["losses.2.centers"], centers.detach(), rtol=1e-10, atol=1e-10)
