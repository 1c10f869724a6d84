"""The weights by which a temporal attention joins the frames."""

from torch import Tensor
from typing_extensions import override

from explain.guard import unwrap
from explain.reader import Reader
from explain.targets import Target
from explain.trace import Trace
from reid.backbones.base import Backbone
from reid.errors import InputError


class TemporalAttention(Reader):
    """How much each frame counts in the embedding, the softmax of its scores over T (Gao and Nevatia 2018).

    It says when, not where: the map is [B,T,1,1]. It is the same for every target; 1/T everywhere is an attention that
    does not choose. (arXiv 1805.02104)
    """

    sees_target = False

    @override
    def layers_of(self, backbone: Backbone) -> tuple[str, ...]:
        return ()

    @override
    def read(self, trace: Trace, target: Target) -> Tensor:
        scores = trace.output.features.attention_scores
        if scores is None:
            raise InputError(
                f"{type(unwrap(trace.backbone)).__name__} joins its frames without a temporal attention; take a "
                "backbone that has one, for example ResNetTA"
            )
        return scores.detach().float().softmax(dim=1)[:, :, None, None]
