"""The examples of docstrings as code: Markdown would take `>>>` for a quotation in a quotation in a quotation."""

import re
from typing import Any

import griffe
from typing_extensions import override


class Doctests(griffe.Extension):
    """Fences the doctests of everything that has a docstring."""

    @override
    def on_object(self, *, obj: griffe.Object, **_more: Any) -> None:
        """Change what is shown, not the source."""
        if obj.docstring:
            obj.docstring.value = fenced(obj.docstring.value)


def fenced(text: str) -> str:
    r"""Fence every paragraph that begins with a prompt.

    >>> fenced("Adds.\n\n>>> 1 + 1\n2\n\nThat is all.")
    'Adds.\n\n```pycon\n>>> 1 + 1\n2\n```\n\nThat is all.'
    """
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(f"```pycon\n{each}\n```" if each.startswith(">>>") else each for each in paragraphs)
