"""What a run's numbers depend on, so that results of one config are not taken for those of another."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

Settings = Mapping[str, Any]
"""Dotted option names and what they are set to, without what differs from machine to machine."""
LOCAL = {
    *("accelerator", "default_root_dir", "devices", "num_nodes", "strategy"),
    *(
        "callbacks",
        "enable_checkpointing",
        "enable_model_summary",
        "enable_progress_bar",
        "log_every_n_steps",
        "logger",
    ),
    *("ckpt_path", "profiler", "root", "weights_only", "workers"),
}
"""Options that change where a run is made and what it says, not what comes out."""


def settings_of(config: str) -> dict[str, Any]:
    r"""Take the settings of a config that is written out in full.

    >>> settings_of("trainer: {max_epochs: 3, devices: auto}\ndata: {init_args: {root: data/mars, frames: [4, 8]}}")
    {'trainer.max_epochs': 3, 'data.init_args.frames': [4, 8]}
    """
    return dict(_leaves(yaml.safe_load(config), ()))


def _leaves(node: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - YAML may hold anything
    """All settings below a node."""
    if not isinstance(node, dict) or not node:
        yield ".".join(path), node
        return
    for name, child in node.items():
        if name not in LOCAL:
            yield from _leaves(child, (*path, str(name)))


def difference(then: Settings, now: Settings) -> str | None:
    """Name the first setting that is not the same any more; None if all are.

    >>> difference({"model.width": 2, "seed": 0}, {"model.width": 3, "seed": 0})
    'model.width was 2 and is 3'
    """
    for name in dict.fromkeys([*then, *now]):
        if then.get(name) != now.get(name):
            return f"{name} was {then.get(name, 'not set')} and is {now.get(name, 'not set')}"
    return None
