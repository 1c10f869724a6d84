"""What a wheel holds."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[1]


def test_the_wheel_holds_reid_and_explain_and_never_datasets(tmp_path: Path) -> None:
    """A wheel with a top-level `datasets` would overwrite Hugging Face's package of that name."""
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/", maxsplit=1)[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"reid", "explain"}
    assert {"reid/py.typed", "explain/py.typed", "explain/sinks/folder.py", "reid/imports/resnet.py"} <= set(names)


def test_no_dependency_has_an_upper_cap_without_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    capped = [line for line in project["dependencies"] if "<" in line]
    assert [line.split("[")[0] for line in capped] == ["jsonargparse"]  # LightningCLI calls what 5.0 takes away


USE = """
import datasets, explain, reid, sys, warnings
from pathlib import Path
assert datasets.load_dataset() == "theirs", datasets.__file__
for ours in (reid, explain):
    assert Path(ours.__file__).is_relative_to(sys.argv[1]), ours.__file__
import numpy as np
from explain import explain as why
from reid import load_model
from reid.backbones import SmallResNet
from reid.library import Embedder
from reid.library.settings import Settings
from reid.model import ReIDModel
arguments = {"widths": [4], "strides": [2], "size": [16, 8]}
settings = Settings({"class_path": "reid.backbones.SmallResNet", "init_args": arguments}, 3)
Embedder(ReIDModel(SmallResNet(**arguments), 3), settings, "toy").save_pretrained("model")
model = load_model("model", "cpu")
walk, other = np.random.default_rng(0).integers(0, 255, (2, 9, 32, 16, 3), dtype=np.uint8)
assert model.embed([walk, other]).shape == (2, 4)
assert model.rank(model.embed(walk), model.embed([other, walk]), k=1).order.tolist() == [[1]]
assert why(model, walk, against=other).save("why").joinpath("report.html").is_file()
assert "train" not in sys.modules and datasets.load_dataset() == "theirs"
print("done")
"""


def installed(folder: Path) -> Path:
    """Install the wheel without its dependencies beside a package that has the name of Hugging Face's."""
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    site = folder / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site), wheel]
    subprocess.run(pip, check=True, cwd=folder)  # noqa: S603 - our own wheel
    (site / "datasets").mkdir()
    (site / "datasets/__init__.py").write_text('def load_dataset(): return "theirs"\n')
    return site


@pytest.mark.slow
def test_the_wheel_works_outside_of_the_checkout_beside_a_package_called_datasets(tmp_path: Path) -> None:
    pytest.importorskip("pip")
    site = installed(tmp_path)
    (tmp_path / "elsewhere").mkdir()

    def run(*words: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(site)}
        return subprocess.run(  # noqa: S603 - our own words
            [sys.executable, *words],
            cwd=tmp_path / "elsewhere",
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout

    assert run("-c", USE, str(site)).strip() == "done"
    for command in ("reid.embed", "reid.rank", "reid.export"):
        assert f"usage: python -m {command}" in run("-m", command, "--help")
