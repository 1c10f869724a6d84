"""Published TSM checkpoints, in the layouts of mit-han-lab/temporal-shift-module and epic-kitchens/action-models."""

from typing import Final, Literal

from torch import Tensor

from reid.errors import InputError

Head = Literal["verb", "noun"]
"""Which of the two classifiers of a network that was trained on EPIC-Kitchens."""

PREFIXES: Final = {"base_model.": "backbone.trunk.", "new_fc.": "classifier."}
HEADS: Final[dict[Head, str]] = {"verb": "fc_verb.", "noun": "fc_noun."}


def rename(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give the tensors our names; a name that is not TSM's stays as it is.

    >>> import torch
    >>> list(rename({"base_model.layer1.0.conv1.net.weight": torch.zeros(1), "new_fc.bias": torch.zeros(1)}))
    ['backbone.trunk.layer1.0.conv1.net.weight', 'classifier.bias']
    """
    return {_our_name(name): tensor for name, tensor in tensors.items()}


def with_head(tensors: dict[str, Tensor], head: Head | None, source: str) -> dict[str, Tensor]:
    """Keep one of the classifiers of verbs and of nouns, as `new_fc`; a file with a plain classifier stays as it is.

    Args:
        tensors: under the names of their authors.
        head: which one; None where there is no choice.
        source: what the tensors are called in an error.

    Raises:
        InputError: both are there and none was chosen, or there is no such head.

    >>> import torch
    >>> both = {"fc_verb.bias": torch.zeros(125), "fc_noun.bias": torch.zeros(352)}
    >>> {name: len(bias) for name, bias in with_head(both, "noun", "epic.pth").items()}
    {'new_fc.bias': 352}
    """
    found = [name for name, prefix in HEADS.items() if any(key.startswith(prefix) for key in tensors)]
    if head is None and not found:
        return tensors
    if head is None and len(found) > 1:
        raise InputError(f"{source}: holds a classifier of verbs and one of nouns: choose head verb or noun (--head)")
    if head is not None and head not in found:
        raise InputError(f"{source}: holds no classifier of {head}s beside another: leave the head out (--head)")
    chosen = HEADS[head or found[0]]
    others = tuple(prefix for prefix in HEADS.values() if prefix != chosen)
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith(others)}
    return {f"new_fc.{name.removeprefix(chosen)}" if name.startswith(chosen) else name: t for name, t in kept.items()}


def _our_name(name: str) -> str:
    """Translate one name."""
    prefix = next((prefix for prefix in PREFIXES if name.startswith(prefix)), "")
    return PREFIXES.get(prefix, "") + name.removeprefix(prefix)
