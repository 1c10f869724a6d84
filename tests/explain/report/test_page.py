"""One file that needs nothing else and runs nothing but its own script."""

import base64
import errno
import hashlib
import os
import re
import stat
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest
from hatchling.builders.wheel import WheelBuilder
from typing_extensions import override

from explain.report import Heatmap, Panel, Question, Report, render, write_report
from reid.errors import InputError
from tests.explain.report.pages import EVIL, data_of, hostile_report, noise, small_report

LOADS = ("src", "href", "action", "formaction", "poster", "srcset", "style")


class Elements(HTMLParser):
    """Names of the elements of a page, its attributes, and the texts of its scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(page)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs

    @override
    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.names[-1] if self.names else "", []).append(data)


def test_nothing_is_loaded_from_anywhere() -> None:
    page = render(small_report())
    elements = Elements(page)
    assert not re.findall(r"(?:https?:)?//[a-z0-9.]+\.[a-z]", page)
    assert not re.findall(r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket|EventSource|import\(|sendBeacon", page)
    assert not {"link", "iframe", "object", "embed", "base", "img"} & set(elements.names)
    assert not [name for name, _ in elements.attributes if name in LOADS or name.startswith("on")]


def test_the_policy_admits_this_very_style_and_script_and_no_network() -> None:
    page = render(small_report())
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    texts = Elements(page).texts
    for kind in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(texts[kind][0].encode()).digest()).decode()
        assert rules[f"{kind}-src"] == f"'sha256-{digest}'"
    assert (rules["default-src"], rules["img-src"]) == ("'none'", "data:")


def test_users_strings_stay_text() -> None:
    plain, hostile = render(small_report()), render(hostile_report())
    assert Elements(plain).names == Elements(hostile).names
    data = data_of(hostile)
    shown = [data["title"], *data["facts"][0], data["questions"][0]["caption"], data["ranking"]["caption"]]
    assert {*shown, data["questions"][0]["panels"][0]["maps"][0]["method"]} == {EVIL}


def test_a_path_that_is_no_text_is_written(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xe9t\xe9")
    write_report(tmp_path / "report.html", replace(small_report(), title=name, facts={"source": name}))
    assert "<title>?t?</title>" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_same_report_gives_the_same_page() -> None:
    assert render(small_report()) == render(small_report())


def photo(seed: int) -> np.ndarray:
    """Frames [16,256,128,3] with the detail of a photograph: about 10 kB each as JPEG."""
    generator = np.random.default_rng(seed)
    frames = np.zeros((16, 256, 128, 3))
    for cells, share in ((4, 0.5), (16, 0.3), (64, 0.2)):
        coarse = generator.integers(0, 256, (16, 2 * cells, cells, 3), dtype=np.uint8)
        frames += share * np.stack([cv2.resize(frame, (128, 256), interpolation=cv2.INTER_LINEAR) for frame in coarse])
    return frames.round().astype(np.uint8)


def test_three_tracklets_of_16_frames_stay_below_2_mb() -> None:
    fine, coarse = noise(0, 16, 256, 128), noise(1, 16, 16, 8)
    maps = (Heatmap("originalcam", coarse), Heatmap("gradcam", coarse), Heatmap("gradients", fine))
    sides = tuple(Panel(str(seed), photo(seed), maps) for seed in range(3))
    assert 0.5e6 < len(render(Report("size", {}, (Question("why?", "", 0.0, sides),)))) < 2e6


def test_the_file_appears_in_a_new_folder_with_the_usual_permissions(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "report.html"
    write_report(path, small_report())
    assert path.read_text(encoding="utf-8") == render(small_report())
    assert list(path.parent.iterdir()) == [path]
    (tmp_path / "usual").touch()
    assert len({stat.S_IMODE(each.stat().st_mode) for each in (path, tmp_path / "usual")}) == 1


def test_an_earlier_file_is_replaced_only_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("earlier")
    with pytest.raises(InputError, match="exists already"):
        write_report(path, small_report())
    assert path.read_text() == "earlier"
    write_report(path, small_report(), overwrite=True)
    assert path.read_text(encoding="utf-8") == render(small_report())


@pytest.mark.parametrize("name", ["file/report.html", "folder", "long" * 100])
def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder" / "sub").mkdir(parents=True)
    with pytest.raises(InputError, match="cannot be written") as error:
        write_report(tmp_path / name, small_report(), overwrite=True)
    assert "\n" not in str(error.value)
    assert {left.name for left in tmp_path.iterdir()} == {"file", "folder"}


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_attempt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def half(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[:10])
        raise error

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises((InputError, KeyboardInterrupt)):
        write_report(tmp_path / "report.html", small_report())
    assert not list(tmp_path.iterdir())


def test_the_wheel_holds_the_pages_parts(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    (wheel,) = WheelBuilder(str(root)).build(directory=str(tmp_path), versions=["standard"])
    parts = {f"explain/report/{part.name}" for part in resources.files("explain.report").iterdir() if part.is_file()}
    assert parts <= set(zipfile.ZipFile(wheel).namelist())
    assert {Path(part).suffix for part in parts} == {".py", ".html", ".css", ".js"}
