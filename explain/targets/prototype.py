"""Why does this tracklet look like that person?"""

from dataclasses import dataclass, field

from torch import Tensor
from torch.nn import functional as F

from explain.targets.base import per_clip
from explain.targets.pair import Norm, PairSimilarity
from reid.errors import InputError
from reid.types import Output


@dataclass(frozen=True, slots=True, eq=False)
class Prototype:
    """The cosine between a clip's embedding and the mean of a person's tracklets: why is it that person?

    The prototype is the mean of the unit embeddings, made a unit vector again, as nearest-class-mean retrieval ranks;
    the clip's own length is held constant as in `PairSimilarity`. It serves people who were not trained on.

    Args:
        gallery: [N,D] embeddings of the person's tracklets, or [B,N,D] one person for each clip.
        norm: whether the clip's own length is held constant, see `PairSimilarity`.

    Raises:
        InputError: there is no embedding.

    >>> import torch
    >>> from types import SimpleNamespace
    >>> Prototype(torch.eye(2))(SimpleNamespace(embedding=torch.tensor([[0.0, 5.0]])))
    tensor([0.7071])
    """

    gallery: Tensor = field(metadata=per_clip(ndim=2))
    norm: Norm = "detach"

    def __post_init__(self) -> None:
        """Refuse what has no mean."""
        if self.gallery.ndim < 2 or self.gallery.shape[-2] == 0:  # noqa: PLR2004 - N,D
            raise InputError(f"a prototype is the mean of embeddings [N,D], not of {list(self.gallery.shape)}")

    def __call__(self, output: Output) -> Tensor:
        """Score B clips, [B] float32.

        Raises:
            InputError: the embeddings are not as long as the model's.
            ValueError: the gallery is for another number of clips.
        """
        mean = F.normalize(self.gallery.float(), dim=-1).mean(-2)  # PairSimilarity makes it a unit vector
        return PairSimilarity(mean, self.norm)(output)
