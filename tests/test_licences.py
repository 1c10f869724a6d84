"""The list of licences is that of the dependencies that we ask for."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks.licences import EXTRAS, closure

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PAGE = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
LISTED = dict(re.findall(r"^\| (\S+) \| (\S*) \| \S.* \| .+ \|$", PAGE, re.MULTILINE))


def test_everything_that_is_asked_for_is_on_the_page_with_its_range() -> None:
    asked = [*PROJECT["dependencies"], *(line for extra in EXTRAS for line in PROJECT["optional-dependencies"][extra])]
    for requirement in map(Requirement, asked):
        assert LISTED[canonicalize_name(requirement.name)] == str(requirement.specifier)
    assert set(EXTRAS) == set(PROJECT["optional-dependencies"]) - {"dev"}


def test_the_closure_holds_what_dependencies_need_and_what_their_extras_need() -> None:
    found = closure(["lightning>=2", "tensorboard"])
    assert {"torch", "fsspec", "protobuf"} < found.keys()
    assert "aiohttp" in found, "of fsspec[http], which torch asks for without the extra"
    assert found["torch"].seen == metadata.version("torch")
    assert (found["torch"].asked, found["lightning"].asked) == ("", ">=2")


def test_a_package_that_is_not_installed_is_named() -> None:
    assert closure(["no-such-package-here>1"])["no-such-package-here"].seen == "not here"
