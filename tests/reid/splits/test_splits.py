"""All splits of a benchmark, with a function in place of `fit`."""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from reid.errors import InputError
from reid.fitting import Fitted, Told
from reid.results import SCORES
from reid.splits.command import splits


class Trainer:
    """Gives each split a score of its own; `broken` ones fail."""

    def __init__(self, root: Path, broken: Sequence[int] = (), width: int = 3) -> None:
        self.root = root
        self.broken = broken
        self.width = width
        self.trained: list[int] = []

    def parse(self, words: Sequence[str]) -> str:
        options = dict(word.removeprefix("--").split("=") for word in words)
        benchmark = {"class_path": "Toy", "init_args": {"split": int(options["data.benchmark.split"])}}
        root = options.get("trainer.default_root_dir", str(self.root))
        config: dict[str, Any] = {"trainer": {"default_root_dir": root}, "model": {"width": self.width}}
        return yaml.safe_dump({**config, "data": {"init_args": {"benchmark": benchmark}}})

    def fit(self, words: Sequence[str], told: Told | None = None) -> Fitted:  # noqa: ARG002 - it is a Fit
        config = yaml.safe_load(self.parse(words))
        split = config["data"]["init_args"]["benchmark"]["init_args"]["split"]
        assert config["trainer"]["default_root_dir"] == str(self.root / f"splits/split_{split}")
        if split in self.broken:
            raise [FloatingPointError("the loss is not finite"), RuntimeError("CUDA error:\nlaunch")][split % 2]
        self.trained.append(split)
        scores = dict.fromkeys(SCORES, 0.5 + 0.1 * split)
        counts = {"gallery": 89, "queries": 89 - split, "queries_dropped": 0, "excluded_pairs": 0}
        facts = {"benchmark": "Toy", "protocol": f"split {split} of 3"}
        return Fitted({}, {**scores, **counts, **facts, "refined": {"reranked": dict.fromkeys(SCORES, 0.75)}})


def test_the_mean_of_all_splits_is_printed_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trainer = Trainer(tmp_path)
    splits(["--splits", "0-2"], trainer.parse, trainer.fit)
    printed = capsys.readouterr().out
    values = [0.5, 0.6, 0.7]
    assert "Toy: mean ± sample standard deviation (n - 1) over 3 splits (0, 1, 2)" in printed
    assert f"mAP {100 * statistics.mean(values):.1f} ± {100 * statistics.stdev(values):.1f}" in printed
    assert "mAP/reranked 75.0 ± 0.0" in printed
    assert "gallery 89, queries 87 to 89, queries_dropped 0" in printed
    assert "protocol split 1 of 3" in printed
    written = json.loads((tmp_path / "splits/splits.json").read_text())
    assert written["scores"]["mAP"]["values"] == pytest.approx(values)
    assert written["scores"]["mAP"]["sample_std"] == pytest.approx(statistics.stdev(values))
    assert written["counts"]["queries"] == {"0": 89, "1": 88, "2": 87}


def test_what_stands_is_not_trained_again(tmp_path: Path) -> None:
    Trainer(tmp_path)
    first, second = Trainer(tmp_path), Trainer(tmp_path)
    splits(["--splits=1"], first.parse, first.fit)
    splits(["--splits=0-2"], second.parse, second.fit)
    assert (first.trained, second.trained) == ([1], [0, 2])


def test_results_of_another_config_are_kept(tmp_path: Path) -> None:
    first, second = Trainer(tmp_path), Trainer(tmp_path, width=4)
    splits(["--splits=1"], first.parse, first.fit)
    with pytest.raises(InputError, match=r"its config differs: model.width was 3 and is 4; choose another"):
        splits(["--splits=0-2"], second.parse, second.fit)
    assert not second.trained


def test_one_split_that_fails_does_not_lose_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same command runs it again."""
    broken, mended = Trainer(tmp_path, broken=(0, 1)), Trainer(tmp_path)
    with pytest.raises(InputError, match=r"2 splits are missing in the mean .* the same command runs them again"):
        splits(["--splits=0-2"], broken.parse, broken.fit)
    assert "split 0 failed: the loss is not finite" in capsys.readouterr().out
    written = json.loads((tmp_path / "splits/splits.json").read_text())
    assert (written["splits"], written["failed"]["1"]) == ([2], "CUDA error: launch")
    splits(["--splits=0-2"], mended.parse, mended.fit)
    assert mended.trained == [0, 1]


def test_one_split_has_no_deviation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trainer = Trainer(tmp_path)
    splits(["--splits=0"], trainer.parse, trainer.fit)
    assert "(one split has no deviation)" in capsys.readouterr().out


@pytest.mark.parametrize("given", ["", "a", "3-1", "1,,2", "-1"])
def test_splits_that_are_none_are_one_line(tmp_path: Path, given: str) -> None:
    trainer = Trainer(tmp_path)
    with pytest.raises(InputError, match="expected such as 0-9 or 0,3,5-7"):
        splits([f"--splits={given}"], trainer.parse, trainer.fit)


def test_a_file_in_the_way_is_one_line(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path)
    (tmp_path / "splits/split_0").mkdir(parents=True)
    (tmp_path / "splits/split_0/results.json").write_text("[]")
    with pytest.raises(InputError, match="not the results of a split"):
        splits(["--splits=0"], trainer.parse, trainer.fit)


def test_if_nothing_came_out_it_is_said_why(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path, broken=(0,))
    with pytest.raises(InputError, match="no split has results: split 0: the loss is not finite"):
        splits(["--splits=0"], trainer.parse, trainer.fit)
