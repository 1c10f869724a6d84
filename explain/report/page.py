"""A report as one file of HTML that needs nothing else."""

import base64
import hashlib
import html
import json
from importlib import resources
from pathlib import Path
from string import Template
from typing import Final

from explain.report.content import Report
from explain.report.payload import payload
from reid.errors import InputError
from reid.writing import whole

_SCRIPTS: Final = ("paint.js", "player.js", "scene.js", "page.js")


def render(report: Report) -> str:
    """Write the page: markup, style, script, pictures and numbers in one text.

    The page may load nothing and run nothing but its own script (a Content-Security-Policy with the script's hash), and
    what users named is escaped, so that a title or a path that looks like markup stays text. The same report gives the
    same page.
    """
    style, script = _asset("page.css"), "\n".join(map(_asset, _SCRIPTS))
    return Template(_asset("page.html")).substitute(
        title=html.escape(report.title),
        policy=(
            f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
            "base-uri 'none'; form-action 'none'"
        ),
        style=style,
        script=script,
        data=_embedded(payload(report)),
    )


def write_report(path: Path, report: Report, overwrite: bool = False) -> None:
    """Write the page under a temporary name, and give it its name when it is whole.

    Args:
        path: the file, such as `report.html`; its folder is made.
        report: what it tells.
        overwrite: whether an earlier file may be replaced.

    Raises:
        InputError: the file exists, or cannot be written; nothing is left behind.
    """
    page = render(report).encode("utf-8", "replace")  # a path that is no text has lone surrogates
    try:
        if path.exists() and not overwrite:
            raise InputError(f"report {path}: exists already; choose another name, or overwrite it")
        with whole(path) as hidden:
            hidden.write_bytes(page)
    except OSError as error:
        raise InputError(f"report {path}: cannot be written ({error.strerror or error}); choose another") from error


def _asset(name: str) -> str:
    return resources.files("explain.report").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The source expression by which a policy admits exactly this inline text."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _embedded(data: object) -> str:
    r"""Write JSON that no parser of HTML can take for the end of its element.

    >>> print(_embedded({"path": "</script><!--"}))
    {"path":"\u003c/script\u003e\u003c!--"}
    """
    dumped = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return dumped.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
