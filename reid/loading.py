"""Copying the tensors of a file into a network, and saying what became of them."""

from dataclasses import dataclass

from torch import Tensor, nn
from typing_extensions import override

from reid.backbones.base import Backbone

OPTIONAL = ("num_batches_tracked", "identities")
"""Names that files of old torch releases, or of other projects, do not have."""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of the tensors of a file.

    Attributes:
        matched: names that were loaded.
        missing: names of the model that the file does not hold.
        dropped: names of the file, translated where a rule knows them, that the model does not have.
        reshaped: names that both have, in different shapes; not loaded.
    """

    matched: tuple[str, ...]
    missing: tuple[str, ...]
    dropped: tuple[str, ...]
    reshaped: tuple[str, ...]

    @override
    def __str__(self) -> str:
        """Say it in one line."""
        parts = [f"{len(self.matched)} tensors matched"]
        for kind, names in (("missing", self.missing), ("dropped", self.dropped), ("of another shape", self.reshaped)):
            if names:
                parts.append(f"{len(names)} {kind}, the first {names[0]}")
        return "; ".join(parts)


def load_tensors(model: nn.Module, backbone: Backbone, tensors: dict[str, Tensor]) -> LoadReport:
    """Copy into `model` every tensor that fits by name and shape.

    Args:
        model: with the backbone under that name.
        backbone: translates the names of other projects.
        tensors: by name, as the file has them.
    """
    own = {name.removeprefix("model."): tensor for name, tensor in tensors.items() if not name.startswith("losses.")}
    own = backbone.translated(own)
    wanted = model.state_dict()
    fitting = {name: tensor for name, tensor in own.items() if name in wanted and tensor.shape == wanted[name].shape}
    model.load_state_dict(fitting, strict=False)
    return LoadReport(
        matched=tuple(fitting),
        missing=tuple(name for name in wanted if name not in own and not name.endswith(OPTIONAL)),
        dropped=tuple(name for name in own if name not in wanted),
        reshaped=tuple(name for name in own if name in wanted and name not in fitting),
    )
