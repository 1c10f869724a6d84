"""Why do these two match?"""

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from explain.targets.base import per_clip
from explain.targets.embeddings import beside
from reid.distances import Distance
from reid.types import Output

Kind = Literal["cosine", "dot", "neg_l2"]
"""Which similarity, see `PairSimilarity`."""
Norm = Literal["detach", "full"]
"""Whether a gradient flows through a clip's own length, see `PairSimilarity`."""


def kind_of(distance: Distance) -> Kind:
    """The similarity that a ranking by this distance is made of."""
    return "cosine" if distance == "cosine" else "neg_l2"


@dataclass(frozen=True, slots=True, eq=False)
class PairSimilarity:
    """The similarity of a clip's embedding q and another tracklet's g: why do these two match?

        cosine   <q / |q|, g / |g|>    what a model with distance="cosine" ranks by
        dot      <q, g>
        neg_l2   -|q - g|^2            what a model with distance="euclidean" ranks by; of unit vectors 2 cos - 2

    With `norm="detach"` the clip's own length |q| is held constant. The gradient of the full cosine is orthogonal to
    q, so it vanishes exactly where the match is good, and its map sums to nothing; that of the full neg_l2, 2 (g - q),
    vanishes there too. Held, they are g / (|q| |g|) and 2 g. The value is the same either way.

    Args:
        gallery: [D] embedding of the other tracklet, or [B,D] one for each clip.
        norm: whether the gradient flows through the clip's own length ("full") or not; a dot product has none.
        kind: which similarity.

    >>> from types import SimpleNamespace
    >>> PairSimilarity(torch.tensor([1.0, 0.0]))(SimpleNamespace(embedding=torch.tensor([[3.0, 4.0]])))
    tensor([0.6000])
    """

    gallery: Tensor = field(metadata=per_clip(ndim=1))
    norm: Norm = "detach"
    kind: Kind = "cosine"

    def __call__(self, output: Output) -> Tensor:
        """Score B clips, [B] float32.

        Raises:
            InputError: the gallery's embeddings are not as long as the model's.
            ValueError: the gallery is for another number of clips.
        """
        query = output.embedding.float()
        gallery = beside(self.gallery, query)
        match self.kind:
            case "cosine":
                length: Tensor = query.norm(dim=1).clamp_min(torch.finfo(torch.float32).tiny)
                return (query * F.normalize(gallery)).sum(1) / self._held(length)
            case "dot":
                return (query * gallery).sum(1)
            case "neg_l2":
                squared = query.square().sum(1)
                nothing = squared - self._held(squared)  # takes the length's part out of the gradient
                return nothing - (query - gallery).square().sum(1)

    def _held(self, length: Tensor) -> Tensor:
        """The clip's own length, [B], held constant or not."""
        return length.detach() if self.norm == "detach" else length
