"""The house rules that a machine can check."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("reid", "explain", "datasets")
FORBIDDEN = {"reid": {"explain", "datasets"}, "explain": {"datasets"}, "datasets": {"explain"}}
LIGHTNING = {
    "reid/cli.py",
    "reid/config_parser.py",
    "reid/module.py",
    "reid/kept_config.py",
    "reid/outlook.py",
    "reid/step_lines.py",
    "reid/training_curves.py",
    "reid/board/of_trainer.py",
    "reid/board/projector.py",
    "reid/evaluated.py",
    "reid/ranked/callback.py",
    "reid/resume/exact.py",
    "reid/resume/finite.py",
    "reid/resume/leaving.py",
    "reid/resume/plugin.py",
    "reid/resume/start.py",
    "reid/ranked/__init__.py",
    "datasets/datamodule.py",
    "explain/callback.py",
    "explain/tcam/classifier.py",
    "explain/tcam/localizing.py",
    "explain/tcam/module.py",
    "datasets/localization/datamodule.py",
    "train.py",
}
UNSAFE = {"load_from_checkpoint", "load_state_dict_from_url", "full_load", "unsafe_load"}
SOURCES = sorted([*(path for room in ROOMS for path in (ROOT / room).rglob("*.py")), ROOT / "train.py"])


def names(path: Path) -> list[str]:
    """Modules that a file imports."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    where = str(path.relative_to(ROOT))
    tops = {name.split(".")[0] for name in names(path)}
    assert not tops & FORBIDDEN.get(where.split("/", maxsplit=1)[0], set())
    if where not in LIGHTNING:
        assert "lightning" not in tops, "importing lightning costs seconds"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_unpickles_but_the_one_reader(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        assert node.func.attr not in UNSAFE
        owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
        if node.func.attr in {"load", "loads"} and owner in {"torch", "pickle", "yaml"}:
            assert path == ROOT / "reid/weights.py"
            assert any(keyword.arg == "weights_only" and ast.literal_eval(keyword.value) for keyword in node.keywords)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_stays_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 250


def test_our_packages_are_the_ones_that_are_imported() -> None:
    import datasets
    import explain

    assert Path(datasets.__file__ or "").parent == ROOT / "datasets"
    assert Path(explain.__file__ or "").parent == ROOT / "explain"
