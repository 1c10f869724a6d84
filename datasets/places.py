"""Where the parts of a benchmark lie below the folder that the user names."""

from collections.abc import Sequence
from pathlib import Path

from datasets.frames import listing


def find_below(root: Path, name: str, holding: Sequence[str] = ()) -> Path | None:
    """The folder or file `name` in `root` or up to two levels below it; the nearest wins, None if there is none.

    Args:
        root: where to look. It is itself an answer if it holds all of `holding`.
        name: relative path of what is looked for.
        holding: what it must contain.

    Raises:
        InputError: `root` is no folder that can be listed.
    """
    listing(root)
    if holding and _holds(root, holding):
        return root
    found = (place for depth in ("", "*/", "*/*/") for place in sorted(root.glob(depth + name)))
    return next((place for place in found if _holds(place, holding)), None)


def _holds(place: Path, holding: Sequence[str]) -> bool:
    return all((place / name).exists() for name in holding)
