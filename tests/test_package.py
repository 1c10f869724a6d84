"""What a wheel holds."""

import tomllib
import zipfile
from pathlib import Path

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
