"""A space is read strictly, and says how options follow from values."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid.errors import InputError
from reid.search.space import Choices, Dimension, Range, Scalar, Space, corners, options_of, point
from reid.search.space_file import read_space

ROOT = Path(__file__).parents[3]


def read(folder: Path, text: str) -> Space:
    (folder / "space.yaml").write_text(text)
    return read_space(folder / "space.yaml")


def test_every_kind_of_entry(tmp_path: Path) -> None:
    text = """
    model.optimizer.lr: {low: 1e-6, high: 1, log: true}
    model.backbone.depth: {low: 2, high: 4, integer: true}
    model.neck: {choices: [none, 1e-4, "[40, 70]"]}
    beta: {low: 0, high: 1, options: {osm.weight: value, triplet.weight: 1 - value}}
    """
    space = read(tmp_path, text)
    assert [dimension.domain for dimension in space] == [
        Range(1e-6, 1, log=True),
        Range(2, 4, integer=True),
        Choices(("none", 1e-4, "[40, 70]")),
        Range(0, 1),
    ]
    values: dict[str, Scalar] = {
        "model.optimizer.lr": 0.1,
        "model.backbone.depth": 3,
        "model.neck": "none",
        "beta": 0.25,
    }
    assert options_of(space, values) == {
        "model.optimizer.lr": 0.1,
        "model.backbone.depth": 3,
        "model.neck": "none",
        "osm.weight": 0.25,
        "triplet.weight": 0.75,
    }


MISTAKES = {
    "a: [": "cannot be read as YAML",
    "": "expected entries such as",
    "- a": "expected entries such as",
    "lr: 3": "lr: 3 given, expected {low: ..., high: ...} or {choices: [...]}",
    "lr: {low: 0, high: 1, lgo: true}": "lr: lgo is unknown; there is low, high, log, integer, choices, options",
    "lr: {low: 0}": "lr: high is missing, expected a number",
    "lr: {low: a, high: 1}": "lr: low 'a' given, expected a number",
    "lr: {low: 0, high: .inf}": "lr: high inf given, expected a number",
    "lr: {low: false, high: 1}": "lr: low False given",
    "lr: {low: 1, high: 1}": "lr: low 1 is not below high 1",
    "lr: {low: 0, high: 1, log: true}": "low 0 has no logarithm",
    "lr: {low: 0, high: 1, log: 1}": "lr: log 1 given, expected true or false",
    "lr: {low: 0, high: 1.5, integer: true}": "expected whole numbers",
    "lr: {low: 0, high: 1, choices: [1, 2]}": "has choices and a range",
    "lr: {choices: [1]}": "expected a list of two or more different",
    "lr: {choices: [1, 1]}": "expected a list of two or more different",
    "lr: {choices: [[1], [2]]}": "a list as a choice goes in quotes",
    "lr: {low: 0, high: 1}\nlr: {low: 0, high: 2}": "lr stands there twice",
    "lr: {low: 0, low: 1, high: 2}": "low stands there twice",
    "b: {low: 0, high: 1, options: {lr: value, lr: 1 - value}}": "lr stands there twice",
    "{[1]: 2}": "cannot be read as YAML",
    "data.val_identities: {low: 0, high: 0.5}": "cannot be searched over",
    "--lr: {low: 0, high: 1}": "'--lr' is no option",
    "trainer.default_root_dir: {choices: [a, b]}": "cannot be searched over",
    "b: {low: 0, high: 1, options: {}}": "b: options {} given",
    "b: {low: 0, high: 1, options: {x: 2 * value}}": "b: x: '2 * value' given, expected `value` or `1 - value`",
    "b: {choices: [p, q], options: {x: 1 - value}}": "`1 - value` of a word",
    "x: {low: 0, high: 1}\nb: {low: 0, high: 1, options: {x: value}}": "x is set twice",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert MISTAKES[text] in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "space.yaml") in str(caught.value)


def test_a_missing_file_is_one_line() -> None:
    with pytest.raises(InputError, match=r"nowhere.yaml: cannot be read"):
        read_space(Path("nowhere.yaml"))


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_points_lie_inside(first: float, second: float, third: float) -> None:
    space = (
        Dimension("a", Range(1e-6, 1.0, log=True), {}),
        Dimension("b", Range(1, 3, log=True, integer=True), {}),
        Dimension("c", Choices(("p", "q", None)), {}),
    )
    values = point(space, [first, second, third])
    assert isinstance(values["a"], float)
    assert 1e-6 <= values["a"] <= 1
    assert values["b"] in {1, 2, 3}
    assert values["c"] in {"p", "q", None}


def test_the_published_space_has_the_published_ranges() -> None:
    space = {dimension.name: dimension for dimension in read_space(ROOT / "configs/search/fantastic.yaml")}
    assert [dimension.domain for dimension in space.values()] == [
        Range(0.1, 1),
        Range(0.5, 3),
        Range(0.1, 1),
        Range(1e-6, 1, log=True),
        Range(1e-6, 1),
        Range(1e-6, 1),
        Range(1e-6, 1, log=True),
    ]
    assert options_of((space["beta"],), {"beta": 1.0}) == {
        "model.losses.osm.weight": 1.0,
        "model.losses.triplet.weight": 0.0,
    }
    assert len(corners(tuple(space.values()))) == 2
