"""ScoreCAM: memory and forward passes against pytorch-grad-cam, and how well few groups of channels stand for all.

    pytest benchmarks/test_scorecam.py -s

Memory is what an explanation adds to a process of its own at its peak. pytorch-grad-cam takes one picture; for a clip
its procedure is written down here: the masks of all channels, and the clip behind each, are made before the first is
scored. captum has no ScoreCAM. Correlations are those of a trained OSNet on real tracklets: REIDLENS_DATA names the
folder with `weights/osnet_x0_25_msmt17.pth` and `pets_mini_mars`. Read them beside the map of equal weights, the sum of
all channels, which needs no scores at all: what does not surpass it was not worth scoring.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import override

from benchmarks.measuring import forget_the_peak, linux, peak_megabytes
from explain.cam.clusters import agreement
from explain.cam.scorecam import ScoreCAM, Weighting
from explain.guard import guard
from explain.recording import record
from explain.targets import ClassLogit, PairSimilarity, Target
from reid.backbones import OSNet
from reid.checkpoint import load_weights
from reid.model import ReIDModel
from reid.video import sample_evenly

DATA = Path(os.environ.get("REIDLENS_DATA", "nowhere"))
IDENTITIES = 1041
BATCH = 16
"""Masked clips in a forward pass, also of pytorch-grad-cam."""
TARGET = ClassLogit(3)

GROUPS = (8, 16, 32)
TRACKLETS = {
    "0002C1T0004": "0002C2T0003",
    "0004C1T0001": "0004C2T0001",
    "0006C1T0001": "0006C2T0001",
    "0008C1T0001": "0008C2T0001",
}
"""Beside another one of the same person."""
ASKED: Mapping[Weighting, str] = {"softmax": "class logit", "raw": "similarity"}
"""What is explained by which weighting: the softmax of similarities, which differ little, is the same for all."""


class Cost(NamedTuple):
    """Of explaining one clip."""

    megabytes: float
    clips: int
    """How many went through the network."""
    seconds: float
    raw: Tensor
    """[t,h,w], as far as it can be compared."""


def network(dead: bool) -> ReIDModel:
    """OSNet with random weights; every other channel of its last map may be dead, as pruning leaves it."""
    torch.manual_seed(0)
    model = ReIDModel(OSNet("x0.25"), IDENTITIES, neck="none").eval()
    if dead:
        for name in ("conv5.bn.weight", "conv5.bn.bias"):
            model.backbone.get_parameter(name).data[::2] = 0
    return model


def only_a_batch(model: ReIDModel, clip: Tensor) -> Tensor:
    """What the network needs by itself."""
    with torch.inference_mode():
        return torch.zeros_like(model(clip.repeat(BATCH, 1, 1, 1, 1)).features.map[0, 0])


def ours(model: ReIDModel, clip: Tensor) -> Tensor:
    return ScoreCAM(batch_size=BATCH)(model, clip, TARGET)[0]


def all_at_once(model: ReIDModel, clip: Tensor) -> Tensor:
    """pytorch-grad-cam's procedure with our definition of a mask: stretched before it is interpolated."""
    with guard(model), torch.no_grad():
        maps = record(model, clip, "conv5").activation[0]  # [C,t,h,w]
        low, high = (limit.view(-1, 1, 1, 1) for limit in maps.flatten(1).aminmax(dim=1))
        stretched = (maps - low) / (high - low).masked_fill(high == low, 1)
        masks = F.interpolate(stretched[None], clip.shape[2:], mode="trilinear")[0]
        masked = clip * masks[:, None]  # [C,3,T,H,W]
        scores = [TARGET(model(masked[start : start + BATCH])) for start in range(0, len(masked), BATCH)]
        return torch.einsum("k,kthw->thw", torch.cat(scores).softmax(0), maps)


class Picture(nn.Module):
    """The network for clips of one frame."""

    def __init__(self, model: ReIDModel) -> None:
        super().__init__()
        self.model = model

    @override
    def forward(self, picture: Tensor) -> Tensor:
        logits: Tensor = self.model(picture[:, :, None]).logits
        return logits


def theirs(model: ReIDModel, clip: Tensor) -> Tensor:
    """pytorch-grad-cam; its map is another one, as its masks are stretched after they are interpolated."""
    library: Any = import_module("pytorch_grad_cam")
    target = library.utils.model_targets.ClassifierOutputTarget(TARGET.identity)
    with library.ScoreCAM(Picture(model), [model.backbone.get_submodule("conv5")]) as cam:
        cam.batch_size = BATCH
        return torch.from_numpy(cam(clip[:, :, 0], [target]))


WAYS: Mapping[str, Callable[[ReIDModel, Tensor], Tensor]] = {
    "the network alone": only_a_batch,
    "ours": ours,
    "all at once": all_at_once,
    "pytorch-grad-cam": theirs,
}


def cost(way: str, frames: int, dead: bool) -> Cost:
    """Explain one clip of random pixels."""
    torch.set_num_threads(1)
    if way == "pytorch-grad-cam":
        import_module("pytorch_grad_cam")  # its own size is not what is measured
    model = network(dead)
    clip = torch.randn(1, 3, frames, 256, 128)
    clips: list[int] = []
    model.register_forward_hook(lambda _model, given, _output: clips.append(len(given[0])))
    before, started = forget_the_peak(), time.process_time()
    raw = WAYS[way](model, clip)
    return Cost(peak_megabytes() - before, sum(clips), time.process_time() - started, raw.detach())


def costs(ways: Sequence[str], frames: int, dead: bool) -> dict[str, Cost]:
    """Print what each way costs, each in a fresh process."""
    found = {}
    print(f"\nScoreCAM, 128 channels{', 64 of them dead' if dead else ''}, a clip of {frames}x256x128")
    for way in ways:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found[way] = pool.apply(cost, (way, frames, dead))
        print("{:>20}: {:5.0f} MB at the peak, {:3d} clips forward, {:5.1f} s".format(way, *found[way][:3]))
    return found


@linux
def test_a_picture_against_pytorch_grad_cam(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pytorch_grad_cam", reason="pip install grad-cam")
    monkeypatch.setenv("TQDM_DISABLE", "1")
    found = costs(("the network alone", "ours", "pytorch-grad-cam"), frames=1, dead=False)
    assert found["pytorch-grad-cam"].megabytes > 1.5 * found["ours"].megabytes


@linux
@pytest.mark.parametrize("dead", [False, True])
def test_a_clip_against_all_masks_at_once(dead: bool) -> None:
    found = costs(("the network alone", "ours", "all at once"), frames=8, dead=dead)
    raw, expected = found["ours"].raw, found["all at once"].raw
    assert (raw - expected).norm() < 1e-4 * expected.norm()
    assert found["all at once"].megabytes > 1.5 * found["ours"].megabytes
    alive = 64 if dead else 128
    assert found["ours"].clips <= 2 + alive  # the clip, nothing of it, and what each channel lets through


def tracklet(model: ReIDModel, name: str) -> Tensor:
    """Four frames of a test tracklet, [1,3,4,H,W] normalised."""
    frames = sample_evenly(DATA / "pets_mini_mars" / "bbox_test" / name[:4] / name, 4).frames
    return model.preprocess(rearrange(torch.from_numpy(np.ascontiguousarray(frames)), "t h w c -> 1 c t h w"))


def pearson(model: ReIDModel, clip: Tensor, weighting: Weighting, target: Target) -> list[float]:
    """How the map of all channels correlates with their plain sum (no scores needed), and with maps of few groups."""
    full, *fewer = (
        ScoreCAM(weighting=weighting, channels=channels)(model, clip, target) for channels in (None, *GROUPS)
    )
    with torch.no_grad():
        plain = model(clip).features.map.sum(1)
    return [agreement(full, other).item() for other in (plain, *fewer)]


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="REIDLENS_DATA names no folder with trained weights and tracklets")
def test_few_groups_of_channels_on_a_trained_network() -> None:
    torch.set_num_threads(1)
    model = ReIDModel(OSNet("x0.25"), IDENTITIES, neck="none").eval()
    load_weights(model, DATA / "weights" / "osnet_x0_25_msmt17.pth")
    correlations = []
    print(
        f"\nPearson with ScoreCAM of all 128 channels\n{'':>24}",
        *(f"{name:>14}" for name in ("equal weights", *GROUPS)),
    )
    for query, match in TRACKLETS.items():
        clip, other = (tracklet(model, name) for name in (query, match))
        with torch.no_grad():
            gallery = model(other).embedding[0]
        questions: dict[Weighting, Target] = {"softmax": ClassLogit(), "raw": PairSimilarity(gallery)}
        for weighting, target in questions.items():
            row = pearson(model, clip, weighting, target)
            print(f"{query} {ASKED[weighting]:>12}", *(f"{value:14.3f}" for value in row), flush=True)
            correlations.append(row)
    mean = torch.tensor(correlations).mean(0)
    print(f"{'mean':>24}", *(f"{value:14.3f}" for value in mean))
    assert mean[-1] > mean[0]
