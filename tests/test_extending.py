"""The recipes of docs/extending.md: their code runs, and the command lines that train and explain what they add."""

import importlib
import inspect
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/extending.md"


def blocks(language: str, text: str) -> list[tuple[str, str]]:
    """Title, if there is one, and text of the blocks in a language."""
    return re.findall(rf'^```{language}(?: title="([^"]*)")?\n(.*?)^```', text, flags=re.DOTALL | re.MULTILINE)


def recipes() -> dict[str, str]:
    """The chapters of docs/extending.md by their titles; each runs by itself."""
    _, *chapters = re.split(r"^## (.+)\n", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(chapters[::2], chapters[1::2], strict=True))


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with configs and the files of docs/extending.md, from which Python imports."""
    for title, text in blocks("python", "\n".join(recipes().values())):
        if title:
            (tmp_path / title).parent.mkdir(exist_ok=True)
            (tmp_path / title).write_text(text, encoding="utf-8")
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "mine"]:
        del sys.modules[name]


FEWER = {
    "--trainer.accelerator": "cpu",
    "--trainer.max_epochs": "1",
    "--trainer.check_val_every_n_epoch": "1",
    "--trainer.num_sanity_val_steps": "0",
    "--trainer.enable_progress_bar": "false",
    "--trainer.callbacks.tracklets": "1",
    "--data.batches_per_epoch": "1",
    "--data.identities_per_batch": "2",
    "--data.tracklets_per_identity": "2",
    "--data.workers": "0",
}
SMALLER = {"cameras": "2", "tracklets": "1", "test_persons": "2", "distractors": "0", "junk": "0", "frames": "[2,3]"}
SMALLER |= {"height": "64", "width": "32"}


def smaller(words: list[str]) -> list[str]:
    """What makes a training of the page one step, of a small network on a small benchmark where it names neither."""
    few = FEWER if "fit" in words else {}
    if few and "--data.benchmark" not in words:
        few = few | {f"--data.benchmark.{name}": value for name, value in SMALLER.items()}
    if few and "--model.backbone" not in words:
        few = few | {"--model.backbone.depth": "18"}
    return [*words, *(word for pair in few.items() for word in pair)]


def command(line: str) -> None:
    """Run a line of a shell in this process."""
    from datasets.__main__ import main as datasets  # late: importing takes seconds
    from explain.command.cli import main as explain
    from train import main as train

    python, *words = smaller(shlex.split(line))
    assert python == "python"
    if words[0] == "train.py":
        train(words[1:])
    elif words[:2] == ["-m", "datasets"]:
        assert datasets(words[2:]) == 0
    else:
        assert words[0] == "explain.py"
        explain(words[1:])


def follow(recipe: str, *, with_commands: bool) -> int:
    """Run the blocks of a chapter in their order, those of Python in one room; returns the number of commands."""
    ran, names = 0, dict[str, Any](__name__="recipe")
    block = re.compile(r'^```(python|bash)(?: title="([^"]*)")?\n(.*?)^```', flags=re.DOTALL | re.MULTILINE)
    for language, file, text in block.findall(recipe):
        if language == "python" and not file:
            exec(compile(text, "docs/extending.md", "exec"), names)  # noqa: S102 - our own page
        elif language == "bash" and with_commands:
            for line in text.splitlines():
                command(line)
                ran += 1
    return ran


COMMANDS = {"A loss": 1, "A backbone": 3, "A benchmark": 3, "A method": 1, "A target": 0}


@pytest.mark.usefixtures("mine")
@pytest.mark.filterwarnings("ignore")  # Lightning's advice on so small a run
@pytest.mark.parametrize("title", COMMANDS)
def test_the_recipes_run(title: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(recipes()) == list(COMMANDS)
    trained = title == "A backbone"
    follow(recipes()[title], with_commands=trained)
    printed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  python explain.py")]
    assert len(printed) == trained
    assert all("--config runs/two/lightning_logs/version_0/config.yaml" in line for line in printed)


@pytest.mark.slow
@pytest.mark.usefixtures("mine")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("title", COMMANDS)
def test_the_commands_of_the_recipes_run(title: str) -> None:
    assert follow(recipes()[title], with_commands=True) == COMMANDS[title]


@pytest.mark.usefixtures("mine")
def test_the_configs_of_the_recipes_name_what_is_there() -> None:
    shown = blocks("yaml", "\n".join(recipes().values()))
    named = [entry for _, text in shown for entry in classes(yaml.safe_load(text))]
    assert len(named) == 5
    for entry in named:
        module, _, name = entry["class_path"].rpartition(".")
        constructor = getattr(importlib.import_module(module), name)
        inspect.signature(constructor).bind(**entry.get("init_args", {}))


def classes(tree: Any) -> Iterator[dict[str, Any]]:
    """The entries of a config that name a class, from the outside inwards."""
    if isinstance(tree, list):
        for branch in tree:
            yield from classes(branch)
    elif isinstance(tree, dict):
        if "class_path" in tree:
            yield tree
        yield from classes(list(tree.values()))
