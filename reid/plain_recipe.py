"""Whether a recipe out of a foreign file may be built: it may hold plain values and classes of ours, nothing else.

To look a class up is to import its module, which runs it. jsonargparse looks up whatever stands where a class or a
callable is expected: a class path, but also a bare string, and JSON or YAML within a string.
"""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from reid.errors import InputError

_WORD: Final = re.compile(r"[\w.-]*", re.ASCII)
_SHOWN: Final = 80
_KEYS: Final = {"class_path", "init_args"}


def is_ours(recipe: Any) -> bool:  # noqa: ANN401 - any plain data
    """Whether every class that a recipe names, at any depth, is one of `reid`.

    >>> is_ours({"class_path": "reid.backbones.OSNet", "init_args": {"variant": "x0.25"}})
    True
    >>> is_ours([{"class_path": "os.system"}]), is_ours(["os.system"]), is_ours(['{"class_path": "os.system"}'])
    (False, False, False)
    """
    try:
        return next(_foreign(recipe), None) is None
    except RecursionError:  # it holds itself
        return False


def refuse_foreign(recipe: Any) -> None:  # noqa: ANN401 - any plain data
    """Raise if a recipe names what is not ours; nothing but modules of `reid` is imported to find out.

    Raises:
        InputError: it names what a class path, or a text, leads to.
    """
    for path in _foreign(recipe):
        shown = path if _WORD.fullmatch(path) else repr(path)
        raise InputError(
            f"the checkpoint names the class {shown[:_SHOWN]}, which is not ours: give its training config with "
            "--config"
        )


def _foreign(value: Any) -> Iterator[str]:  # noqa: ANN401 - any plain data
    """Yield what leads, or may lead, to a class that is not ours, at any depth."""
    if isinstance(value, Mapping):
        path = value.get("class_path")
        if path is not None and not _is_our_class(path):
            yield str(path)
        beside = {name for name in value if value[name]} - _KEYS if path is not None else set()  # Lightning's are empty
        yield from (str(name) for name in value if not isinstance(name, str) or "." in name or name in beside)
        value = [inner for name, inner in value.items() if name != "class_path"]
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _foreign(inner)
    elif not _is_harmless(value):
        yield value if isinstance(value, str) else type(value).__name__


def _is_harmless(value: Any) -> bool:  # noqa: ANN401 - any plain data
    """Whether a value is a number, a mere word, or the name of a class of ours."""
    if not isinstance(value, str):
        return value is None or isinstance(value, int | float)
    if not _WORD.fullmatch(value):
        return False
    return "." not in value or not _leads_to_a_module(value) or _is_our_class(value)


def _leads_to_a_module(text: str) -> bool:
    """Whether the first part of a dotted name is a module; finding it does not run it."""
    try:
        return find_spec(text.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return True


def _is_our_class(path: Any) -> bool:  # noqa: ANN401 - any plain data
    """Whether a path leads straight to a class that `reid` defines; not on to what its modules import."""
    module, _, name = path.rpartition(".") if isinstance(path, str) else ("", "", "")
    if not module.startswith("reid."):
        return False
    try:
        found = getattr(import_module(module), name, None)
    except ImportError:
        return False
    return isinstance(found, type) and found.__module__.startswith("reid.")
