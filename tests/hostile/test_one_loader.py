"""Nothing in the house reads pickles, unpacks archives, or reads YAML with objects, but the one loader of weights."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOADER = ROOT / "reid/weights.py"
PLACES = ("reid", "explain", "datasets", "benchmarks")
SOURCES = sorted([*(path for place in PLACES for path in (ROOT / place).rglob("*.py")), *ROOT.glob("*.py")])
MODULES = {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "tarfile", "jsonpickle"}
CALLS = {
    *("load_state_dict_from_url", "load_from_checkpoint", "full_load", "unsafe_load", "extractall", "extract"),
    *("unpack_archive", "loadmat", "read_pickle", "eval", "exec", "system"),
}
LOADS = {"torch.load", "torch.jit.load", "torch.hub.load", "yaml.load", "yaml.load_all"}


def unsafe(source: str) -> Iterator[str]:
    """What a source has in it that only the loader may have, or nobody."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name for name in names if name.split(".")[0] in MODULES or name in LOADS)
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            pickles = any(word.arg == "allow_pickle" and ast.unparse(word.value) != "False" for word in node.keywords)
            bare = called.rsplit(".", maxsplit=1)[-1]
            method_of_ours = bare in {"eval", "exec"} and "." in called  # `model.eval()`
            if called in LOADS or pickles or (bare in CALLS and not method_of_ours):
                yield called


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_other_file_loads_what_may_run(path: Path) -> None:
    assert set(unsafe(path.read_text())) == ({"pickle", "torch.load"} if path == LOADER else set())


@pytest.mark.parametrize(
    "line",
    [
        "torch.load(path, weights_only=True)",
        "from torch import load",
        "import pickle",
        "yaml.load(text, Loader=yaml.SafeLoader)",
        "yaml.full_load(text)",
        "Model.load_from_checkpoint(path)",
        "torch.hub.load_state_dict_from_url(url)",
        "archive.extractall(folder)",
        "np.load(path, allow_pickle=True)",
        "eval(text)",
    ],
)
def test_it_would_be_found(line: str) -> None:
    assert [*unsafe(line)]
