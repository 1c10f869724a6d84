"""The rules by which frames are sampled, in words."""

from pathlib import Path

import pytest

import datasets.sampling
from reid import sampling
from reid.library.rules import RULES, sampling_of, sampling_of_config, words_of


@pytest.mark.parametrize("rule", RULES)
def test_the_rules_are_those_of_the_benchmarks(rule: str) -> None:
    assert getattr(sampling, rule) is getattr(datasets.sampling, rule)


@pytest.mark.parametrize("words", ["Evenly(8)", "Dense(4)", "Dense(4, limit=10)", "ConsecutiveRandom(4, stride=8)"])
def test_words_say_what_they_are_made_of(words: str) -> None:
    assert words_of(sampling_of(words)) == words


@pytest.mark.parametrize(
    "config", sorted(Path(__file__).parents[3].glob("configs/*/*.yaml")), ids=lambda path: path.stem
)
def test_every_config_that_names_a_sampling_says_so(config: Path) -> None:
    if "test_sampling:" in config.read_text():
        assert sampling_of_config(config)


@pytest.mark.parametrize(
    "text", ["", "data: 3", "data: {test_sampling: {class_path: x.Mine, init_args: {frames: 2}}}", "["]
)
def test_a_config_that_does_not_say(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    assert sampling_of_config(tmp_path / "config.yaml") is None
