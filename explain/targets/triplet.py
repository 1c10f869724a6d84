"""What does the triplet loss still ask for?"""

from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor
from torch.nn import functional as F

from explain.targets.base import per_clip
from explain.targets.embeddings import beside
from reid.losses.base import Feature, feature_of
from reid.types import Output


@dataclass(frozen=True, slots=True, eq=False)
class TripletMargin:
    """The triplet loss of a clip against one positive and one negative tracklet, to look into a training.

    max(0, d(q, positive) - d(q, negative) + margin), as `reid.losses.TripletLoss` has it for one anchor. The score is
    the *loss*: what is positive in the map pushes the clip away from its person or towards the other one; what is
    negative already does what the loss asks for. A clip that keeps the margin has a score of 0 and no gradient, so
    there is nothing to explain: "soft" never quite ends.

    Args:
        positive: [D] embedding of the same person's tracklet, or [B,D] one for each clip.
        negative: [D] embedding of another person's, or [B,D].
        margin: by how much the negative should be further away than the positive; "soft" for
            log(1 + exp(d(q, positive) - d(q, negative))).
        distance: "euclidean", or "cosine" for the negative cosine similarity; both with their full gradient.
        feature: which embedding of the clip is compared; the other two have to be the same.

    >>> import torch
    >>> from types import SimpleNamespace
    >>> target = TripletMargin(torch.tensor([3.0, 4.0]), torch.tensor([0.0, 4.0]), margin=0.5)
    >>> target(SimpleNamespace(before_neck=torch.zeros(1, 2)))
    tensor([1.5000])
    """

    positive: Tensor = field(metadata=per_clip(ndim=1))
    negative: Tensor = field(metadata=per_clip(ndim=1))
    margin: float | Literal["soft"] = 0.3
    distance: Literal["euclidean", "cosine"] = "euclidean"
    feature: Feature = "before_neck"

    def __call__(self, output: Output) -> Tensor:
        """Score B clips, [B] float32.

        Raises:
            InputError: an embedding is not as long as the model's.
            ValueError: the embeddings are for another number of clips.
        """
        query = feature_of(output, self.feature).float()
        gap = self._distance(query, self.positive) - self._distance(query, self.negative)
        return F.softplus(gap) if self.margin == "soft" else F.relu(gap + self.margin)

    def _distance(self, query: Tensor, other: Tensor) -> Tensor:
        """Distance of each clip, [B,D] -> [B]."""
        other = beside(other, query)
        if self.distance == "cosine":
            return -(F.normalize(query) * F.normalize(other)).sum(1)
        length: Tensor = (query - other).norm(dim=1)  # its gradient at 0 is 0, as that of cdist
        return length
