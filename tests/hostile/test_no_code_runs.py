"""Hostile and broken files through every reader: nothing in them is executed, and each is refused in one line."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from reid.checkpoint import check_resumable, load_model
from reid.errors import InputError
from reid.weights import read_checkpoint, tensors_of
from tests.hostile import tiny, traps
from tests.hostile.commands import Command, explain, run, train, unfinished

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice on the way to the mistake


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tracklet, a benchmark and a config that are as they should be."""
    folder = tmp_path_factory.mktemp("files")
    tiny.tracklet(folder / "walk")
    tiny.config(
        folder / "config.yaml", {"class_path": "datasets.Folder", "init_args": {"root": str(folder / "people")}}
    )
    tiny.people(folder / "people")
    tiny.checkpoint(folder / "own.ckpt")
    return folder


@pytest.fixture
def canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where a file appears if anything was executed; modules beside the hostile file can be imported."""
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "canary"
    assert not (tmp_path / "canary").exists(), "code was executed"


def refused(command: Command, words: Sequence[object], output: Path) -> str:
    """Run a command that must be refused, and leave nothing; returns what it said."""
    outcome = run(command, [*words])
    assert outcome.status == 2, outcome
    assert not output.exists(), list(output.rglob("*"))
    assert not unfinished(output.parent)
    return outcome.line


@pytest.mark.parametrize("name", traps.CHECKPOINTS)
def test_the_loader(tmp_path: Path, canary: Path, name: str) -> None:
    file = tmp_path / ("weights.safetensors" if name.startswith("safetensors") else "weights.ckpt")
    traps.CHECKPOINTS[name](file, canary)
    with pytest.raises(InputError, match=r"^.*$"):
        load_model(file)
    for read in (check_resumable, lambda path: tensors_of(read_checkpoint(path))):
        with suppress(InputError):  # many are whole files, whose recipe is what is wrong
            read(file)


@pytest.mark.parametrize("name", traps.CHECKPOINTS)
def test_explain(files: Path, tmp_path: Path, canary: Path, name: str) -> None:
    traps.CHECKPOINTS[name](tmp_path / "weights.ckpt", canary)
    words = ["--tracklet", files / "walk", "--device", "cpu", "--frames", "2", "--output", tmp_path / "out"]
    refused(explain, [*words, "--checkpoint", tmp_path / "weights.ckpt"], tmp_path / "out")


WAYS = ("test", "go on", "resume", "start")
SOME = ("zip, system", "4 TB tensor", "_instantiator", "protocol 2, exec")
UNREAD = {"_instantiator", "two stages", "recipe of 4 TB", "a recipe in itself", *traps.NAMING}
"""Whole but for a recipe that `train.py`, which has a config, does not look at."""


def ways(file: Path) -> dict[str, list[object]]:
    """Every flag that takes a file with weights."""
    return {
        "test": ["test", "--ckpt_path", file],
        "go on": ["fit", "--ckpt_path", file],
        "resume": ["fit", "--resume", file],
        "start": ["fit", "--model.weights", file],
    }


EVERY = [pytest.param(name, way, marks=pytest.mark.slow) for name in traps.CHECKPOINTS for way in WAYS]


@pytest.mark.parametrize(("name", "way"), [*zip(SOME, WAYS, strict=True), *EVERY])
def test_train(files: Path, tmp_path: Path, canary: Path, name: str, way: str) -> None:
    traps.CHECKPOINTS[name](tmp_path / "weights.ckpt", canary)
    words = ways(tmp_path / "weights.ckpt")[way]
    outcome = run(train, [words[0], "--config", files / "config.yaml", *words[1:], *runs_in(tmp_path / "runs")])
    assert outcome.status == 2 or (name in UNREAD and outcome.status == 0), outcome
    assert outcome.status == 0 or outcome.line
    assert outcome.status == 0 or not [*tmp_path.rglob("results.json"), *(tmp_path / "runs").rglob("*.ckpt")]
    assert not unfinished(tmp_path)


def runs_in(root: Path) -> list[object]:
    return ["--trainer.default_root_dir", root]


@pytest.mark.parametrize("name", ["zip, system", "plain, exec", "defaultdict", "git-lfs pointer", "zip bomb"])
@pytest.mark.parametrize("flag", ["--weights", "--tcam"])
def test_other_flags_with_files(files: Path, tmp_path: Path, canary: Path, name: str, flag: str) -> None:
    """An action model, and a localizer beside a model that is whole."""
    traps.CHECKPOINTS[name](tmp_path / "weights.ckpt", canary)
    asked: list[object] = ["--model", "r3d"] if flag == "--weights" else ["--checkpoint", files / "own.ckpt"]
    words = ["--tracklet", files / "walk", "--device", "cpu", "--output", tmp_path / "out"]
    refused(explain, [*words, *asked, flag, tmp_path / "weights.ckpt"], tmp_path / "out")


TAGS = {
    "apply": "!!python/object/apply:os.system ['touch {0}']",
    "new": "!!python/object/new:os.system ['touch {0}']",
    "name": "!!python/name:os.system ''",
    "module": "!!python/module:hostile_module ''",
    "exec": "!!python/object/apply:exec [\"open('{0}', 'w')\"]",
    "nested": "model: {{init_args: !!python/object/apply:os.system ['touch {0}']}}",
}

READERS: dict[str, Callable[[Path, Path, Path], tuple[Command, list[Any]]]] = {
    "train": lambda _, text, out: (train, ["fit", "--config", text, "--trainer.default_root_dir", out]),
    "search": lambda files, text, out: (
        train,
        ["search", "--config", files / "config.yaml", "--space", text, "--trainer.default_root_dir", out],
    ),
    "explain": lambda files, text, out: (
        explain,
        ["--tracklet", files / "walk", "--checkpoint", files / "own.ckpt", "--config", text, "--output", out],
    ),
    "query": lambda files, text, out: (
        explain,
        ["--query", "x", "--checkpoint", files / "own.ckpt", "--config", text, "--output", out],
    ),
    "labels": lambda files, text, out: (
        explain,
        [
            *("--tracklet", files / "walk", "--model", "r3d", "--weights", files / "own.ckpt"),
            *("--labels", text, "--output", out),
        ],
    ),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("tag", TAGS)
def test_tags_of_yaml(files: Path, tmp_path: Path, canary: Path, tag: str, reader: str) -> None:
    traps.module(tmp_path / "x", canary)
    (tmp_path / "file.yaml").write_text(TAGS[tag].format(canary))
    command, words = READERS[reader](files, tmp_path / "file.yaml", tmp_path / "out")
    refused(command, words, tmp_path / "out")


@pytest.mark.parametrize("place", ["benchmark", "backbone", "data", "model", "callback"])
@pytest.mark.parametrize("path", ["os.system", "subprocess.Popen", "builtins.exec", "pathlib.Path.unlink"])
def test_a_config_calls_nothing_that_is_not_of_the_kind(
    files: Path, tmp_path: Path, canary: Path, place: str, path: str
) -> None:
    """A config is trusted to import classes; but what is no benchmark, network or callback is never called."""
    hostile = f'{{"class_path": "{path}", "init_args": {{"command": "touch {canary}", "args": ["touch", "{canary}"]}}}}'
    flags = {
        "benchmark": f"--data.benchmark={hostile}",
        "backbone": f"--model.backbone={hostile}",
        "data": f"--data={hostile}",
        "model": f"--model={hostile}",
        "callback": f"--trainer.callbacks={hostile}",
    }
    runs = ["--config", files / "config.yaml", "--trainer.default_root_dir", tmp_path / "out"]
    refused(train, ["fit", *runs, flags[place]], tmp_path / "out")


@pytest.mark.parametrize("path", ["subprocess.Popen", "os.system", "hostile_module.Net"])
def test_nor_does_the_config_of_an_explanation(files: Path, tmp_path: Path, canary: Path, path: str) -> None:
    called = f"import pathlib\nclass Net:\n    def __init__(self, benchmark): pathlib.Path({str(canary)!r}).touch()\n"
    (tmp_path / "hostile_module.py").write_text(called)
    text = f"data: {{class_path: {path}, init_args: {{benchmark: {{args: [touch, {canary}]}}}}}}"
    (tmp_path / "file.yaml").write_text(text)
    words = ["--query", "x", "--checkpoint", files / "own.ckpt", "--config", tmp_path / "file.yaml"]
    refused(explain, [*words, "--output", tmp_path / "out"], tmp_path / "out")
