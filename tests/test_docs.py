"""The pages of docs/: what they link to exists, what they show runs, what they mention is understood."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from explain.command.cli import parser as explain_parser
from explain.command.evaluate_cli import parser as evaluate_parser
from explain.command.names import METHODS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
LIMIT = 60_000
FLAG = re.compile(r"(?<![\w-])--([a-z][\w.]*)")


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Places in a page that a link may name, as Python-Markdown calls them."""
    titles = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", title).strip().lower()) for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_what_is_linked_exists(page: Path) -> None:
    for address in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if address.startswith(("http://", "https://")):
            continue
        name, _, anchor = address.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name}: {address}"
        assert not anchor or anchor in anchors(target), f"{page.name}: {address}, there are {sorted(anchors(target))}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_no_page_names_a_place_of_one_machine(page: Path) -> None:
    assert not re.search(r"(?<![\w.])/(tmp|work|home|root|Users)/", page.read_text(encoding="utf-8"))


def test_every_page_is_in_the_navigation_once() -> None:
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    named = list(leaves(nav))
    assert sorted(named) == sorted(page.relative_to(DOCS).as_posix() for page in PAGES)


def leaves(tree: Any) -> Iterator[str]:
    """The pages of a navigation."""
    if isinstance(tree, str):
        yield tree
    else:
        for branch in tree.values() if isinstance(tree, dict) else tree:
            yield from leaves(branch)


def test_every_flag_of_the_explain_page_is_one() -> None:
    known = {*explain_parser()._option_string_actions, *evaluate_parser()._option_string_actions}
    known |= {"--logdir", "--model.backbone.depth", "--model.backbone.size", "--data.tracklets_per_identity"}
    known |= {"--data.batches_per_epoch"}  # of tensorboard and of train.py
    mentioned = {f"--{name}" for name in FLAG.findall((DOCS / "explain.md").read_text())}
    assert mentioned <= known, mentioned - known


def test_every_flag_of_the_training_page_is_one() -> None:
    found = find_spec("lightning")  # not imported: that takes seconds
    assert found is not None
    assert found.origin is not None
    trainer = Path(found.origin).parent / "pytorch/trainer/trainer.py"
    files = {"model": ROOT / "reid/module.py", "data": ROOT / "datasets/datamodule.py", "trainer": trainer}
    own = {"config", "ckpt_path", "ranked", "resume", "print_config", "logdir", "root"}
    for name in FLAG.findall((DOCS / "train.md").read_text(encoding="utf-8")):
        room, _, option = name.partition(".")
        assert name in own or option.split(".")[0] in constructor_parameters(files[room]), name


def constructor_parameters(path: Path) -> set[str]:
    """What the constructors of a file take."""
    functions = [
        node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)
    ]
    made = [function for function in functions if function.name == "__init__"]
    return {each.arg for function in made for each in (*function.args.args, *function.args.kwonlyargs)}


def test_the_gallery_shows_every_method_and_is_light() -> None:
    text = (DOCS / "gallery.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\*\*`([^`]+)`\*\*", text, flags=re.MULTILINE)) == set(METHODS)
    pictures = sorted((DOCS / "gallery").iterdir())
    assert {f"gallery/{picture.name}" for picture in pictures} == set(re.findall(r"gallery/\w+\.webp", text))
    assert all(picture.stat().st_size <= LIMIT for picture in pictures)
    assert sum(picture.stat().st_size for picture in pictures) <= 1_500_000


def test_the_numbers_are_those_of_the_readme() -> None:
    rows = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    page = (DOCS / "numbers.md").read_text(encoding="utf-8").split("## Where the other")[0]
    shown = [line for line in page.splitlines() if line.startswith("| ") and "command |" not in line]
    assert len(shown) == 3
    assert set(shown) <= set(rows)


@pytest.mark.slow
def test_the_site_is_built_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs")
    built = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(built, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    assert done.returncode == 0, done.stderr
    for page in (tmp_path / "site").rglob("*.html"):
        loaded = re.findall(r"<(?:script|img|iframe)[^>]+src=\"?([^\"\s>]+)", page.read_text(encoding="utf-8"))
        loaded += re.findall(
            r"<link[^>]+rel=\"?stylesheet\"?[^>]+href=\"?([^\"\s>]+)", page.read_text(encoding="utf-8")
        )
        loaded += re.findall(
            r"<link[^>]+href=\"?([^\"\s>]+)\"?[^>]+rel=\"?stylesheet", page.read_text(encoding="utf-8")
        )
        assert not [address for address in loaded if "//" in address], page
