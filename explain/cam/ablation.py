"""One clip without some channels of a layer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from explain.copies import score
from explain.core import Explainable
from explain.guard import unwrap
from explain.recording import Recording
from explain.substitute import find_fork, substituted
from explain.targets import Target, narrow, settle
from reid.backbones.base import Backbone

ROUNDING = 1e-5
"""A score and a sum of shares are equal if they differ by less than this part of their sizes."""
TRIALS = 4
"""How many channels, and how many random halves of all, have to add up."""


@dataclass(frozen=True, slots=True, eq=False)
class Ablation:
    """A clip from which channels can be taken away.

    Attributes:
        model: inside of `explain.guard.guard`.
        clip: [1,3,T,H,W] normalised.
        target: settled and narrowed to the clip.
        whole: [] score of the unchanged clip.
        layer: whose channels they are.
        fork: see `explain.substitute.find_fork`.
        values: what the layer puts out for the clip, in its own layout.
        places: [C,P] where each channel stands in the flattened `values`.
    """

    model: Explainable
    clip: Tensor
    target: Target
    whole: Tensor
    layer: nn.Module
    fork: nn.Module | None
    values: Tensor
    places: Tensor

    @torch.no_grad()
    def without(self, groups: Sequence[Tensor]) -> Tensor:
        """Score the clip with each group of channels set to zero, [n], in one forward pass.

        Args:
            groups: indices of channels.
        """
        copies = self.values.flatten().repeat(len(groups), 1)
        for copy, channels in zip(copies, groups, strict=True):
            copy[self.places[channels].flatten()] = 0
        with substituted(self.layer, copies.view(-1, *self.values.shape), self.fork):
            return score(self.target, self.model(self.clip))

    def alive(self) -> Tensor:
        """Indices of the channels that are not zero all over the clip."""
        return (self.values.flatten()[self.places] != 0).any(1).nonzero().flatten()

    def adds_up(self, shares: Tensor, batch_size: int) -> bool:
        """Whether the score loses exactly the sum of their shares [C] without some channels.

        Tried on the channels with the largest shares and on random halves of all channels.
        """
        generator = torch.Generator().manual_seed(0)
        halves = torch.rand(TRIALS, len(shares), generator=generator) < 0.5  # noqa: PLR2004 - a half
        groups = [*shares.abs().topk(min(TRIALS, len(shares))).indices]
        groups += [half.nonzero().flatten().to(shares.device) for half in halves]
        expected = torch.stack([shares[channels].sum() for channels in groups])
        scores = torch.cat([self.without(groups[i : i + batch_size]) for i in range(0, len(groups), batch_size)])
        error = (self.whole - scores - expected).abs().max()
        return bool(error <= ROUNDING * (self.whole.abs() + shares.abs().sum()))


def ablations(model: Explainable, pixels: Tensor, recording: Recording, target: Target) -> Iterator[Ablation]:
    """Prepare B clips, of which a layer is recorded.

    Args:
        model: inside of `explain.guard.guard`.
        pixels: [B,3,T,H,W] normalised.
        recording: of the unchanged clips.
        target: which score; it is settled on the unchanged clips.

    Raises:
        InputError: the layer's output cannot be replaced.
    """
    name, output = recording.layer, recording.output
    settled = settle(target, output)
    layer = unwrap(unwrap(model.backbone).get_submodule(name))
    values = torch.unflatten(recording.trace.layers[name].detach(), 0, (len(pixels), -1))  # [B,...]
    places = channel_places(model.backbone, values.shape[1:], pixels[:1].shape).to(pixels.device)
    fork = find_fork(model, pixels[:1], name, values[0], output.embedding[0].detach())
    whole = recording.score(target).detach().float()
    for index, own in enumerate(values):
        clip = pixels[index : index + 1]
        yield Ablation(model, clip, narrow(settled, index), whole[index], layer, fork, own, places)


def channel_places(backbone: Backbone, values: torch.Size, clip: torch.Size) -> Tensor:
    """Find out where the channels of a layer's map stand in what it puts out, by laying out positions as a map.

    Args:
        backbone: knows the layout.
        values: shape of what the layer puts out for one clip.
        clip: shape of the clip, [1,3,T,H,W].

    Returns:
        [C,P] positions in the flattened values. Class tokens are not among them.
    """
    positions = torch.arange(values.numel()).view(values)
    return backbone.to_map(positions, clip)[0].flatten(1)
