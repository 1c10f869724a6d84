"""Where do configs look for their benchmarks, and is something there?"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from reid.doctor.finding import Finding
from reid.errors import InputError
from reid.shell import command


def roots(configs: Iterable[Path]) -> Iterator[Finding]:
    """Look at the folders of the benchmarks that configs name, each folder once; nothing of a config is built.

    Args:
        configs: YAML files.

    Raises:
        InputError: one of them cannot be read.
    """
    named: dict[Path, list[Path]] = {}
    for config in configs:
        for root in _roots_of(_read(config)):
            named.setdefault(root, []).append(config)
    for root, files in sorted(named.items()):
        what = f"data root {root}"
        asked = f"{len(files)} configs" if len(files) > 1 else str(files[0])
        if root.is_dir() and any(root.iterdir()):
            yield Finding(what, f"there, for {asked}")
        else:
            link = command("ln", "-s", "/where/it/is", root)
            yield Finding(
                what,
                f"nothing is there; {asked} asked for it",
                "optional",
                f"put the benchmark there ({link}), or pass --data.benchmark.root DIR",
            )


def _read(config: Path) -> object:
    try:
        return yaml.safe_load(config.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        raise InputError(f"{config}: cannot be read as YAML ({reason}); give a config of train.py") from error


def _roots_of(content: object) -> Iterator[Path]:
    """The root of every benchmark below `data`."""
    data: Any = content.get("data") if isinstance(content, Mapping) else None
    for place in _mappings(data):
        root = place.get("root")
        if isinstance(root, str):
            yield Path(root)


def _mappings(content: object) -> Iterator[Mapping[str, Any]]:
    """Every mapping in a tree of mappings and lists."""
    if isinstance(content, Mapping):
        yield content
    parts = content.values() if isinstance(content, Mapping) else content if isinstance(content, list) else ()
    for part in parts:
        yield from _mappings(part)
