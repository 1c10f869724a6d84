"""Why this match, and not that rival?"""

from dataclasses import dataclass, field

from torch import Tensor

from explain.targets.base import per_clip
from explain.targets.pair import Kind, Norm, PairSimilarity
from reid.types import Output


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """<q / |q|, g / |g| - r / |r|> with |q| held constant: why does q match g, and not r?

    FINER for retrieval. The score is linear in q, so by every method whose map is linear in the gradient (GradCAM
    without its ReLU, HiResCAM, OriginalCAM) the map is that of `PairSimilarity(gallery)` less that of
    `PairSimilarity(rival)`: what both share is gone. Its gradient does not vanish, however good the match.

    Args:
        gallery: [D] embedding of the match, or [B,D] one for each clip.
        rival: [D] embedding of the other, or [B,D].
        kind: which similarity, see `PairSimilarity`.
        norm: whether |q| is held constant, see there.

    >>> import torch
    >>> from types import SimpleNamespace
    >>> target = Contrast(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
    >>> target(SimpleNamespace(embedding=torch.tensor([[3.0, 4.0]])))
    tensor([-0.2000])
    """

    gallery: Tensor = field(metadata=per_clip(ndim=1))
    rival: Tensor = field(metadata=per_clip(ndim=1))
    kind: Kind = "cosine"
    norm: Norm = "detach"

    def __call__(self, output: Output) -> Tensor:
        """Score B clips, [B] float32.

        Raises:
            InputError: an embedding is not as long as the model's.
            ValueError: the embeddings are for another number of clips.
        """
        match, rival = (PairSimilarity(other, self.norm, self.kind) for other in (self.gallery, self.rival))
        return match(output) - rival(output)
