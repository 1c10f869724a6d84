"""The page's script runs, draws what the overlay draws, and does as it is told."""

import base64
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from explain.overlay import Normalisation, Polarity, overlay
from explain.report import Heatmap, Panel, Question, Report, render, write_report
from tests.explain.report.browser import ask, dump, needs_chromium
from tests.explain.report.pages import EVIL, grey, hostile_report, noise, panel, small_report

pytestmark = needs_chromium
HEIGHT, WIDTH, FRAMES = 24, 16, 5
MINUS = "\N{MINUS SIGN}"


def picture(text: str) -> NDArray[np.int64]:
    """RGB of what a canvas holds."""
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(HEIGHT, WIDTH, 4)[..., :3].astype(int)


def test_the_script_runs_under_the_pages_own_policy_and_no_other_does(tmp_path: Path) -> None:
    path = tmp_path / "a report & more.html"
    write_report(path, small_report())
    page = path.read_text(encoding="utf-8")
    path.write_text(page.replace("</body>", "<script>document.documentElement.dataset.evil = 1</script></body>"))
    found = dump(path, "frame=3&theme=dark")
    (root,) = re.findall(r"<html[^>]*>", found)
    assert 'data-ready="true"' in root
    assert 'data-theme="dark"' in root
    assert "data-evil" not in root
    assert re.findall(r'<p class="problem" id="problem"[^>]*>(.*?)</p>', found) == [""]
    assert len(re.findall(r'<section class="scene[^>]*data-frame="3"', found)) == 4


def test_users_strings_stay_text_and_a_narrow_window_is_not_scrolled_sideways(tmp_path: Path) -> None:
    hostile, usual = hostile_report(), small_report()
    report = replace(hostile, questions=(*usual.questions, *hostile.questions))
    script = """
      const root = document.documentElement;
      root.style.width = "400px";  // no window is that narrow
      return [root.dataset, document.title, said("h1"), document.querySelectorAll("img").length,
        document.body.scrollWidth]"""
    data, title, heading, images, needed = ask(render(report), tmp_path, script, width=400)
    assert (data["ready"], images) == ("true", 0)
    assert "evil" not in data
    assert (title, heading) == (EVIL, EVIL)
    assert needed <= 400


POLARITIES: dict[str, Polarity] = {"for": "positive", "against": "negative", "both": "both"}


def test_the_page_draws_what_the_overlay_draws(tmp_path: Path) -> None:
    raw, frames = noise(0, 2, 6, 3), grey(FRAMES, HEIGHT, WIDTH)
    report = Report("colours", {}, (Question("why?", "", 0.0, (Panel("query", frames, (Heatmap("a", raw),)),)),))
    script = """
      const found = {};
      for (const scale of ["frame", "clip"]) for (const evidence of ["for", "against", "both"]) {
        choose(`[name=scale][value=${scale}]`);
        choose(`[name=evidence][value=${evidence}]`);
        found[scale + evidence] = [];
        for (let frame = 1; frame <= 5; frame++) {
          slide(".frame", frame);
          found[scale + evidence].push(pixels(one(".picture")));
        }
      }
      return found;"""
    found = ask(render(report), tmp_path, script)
    modes: tuple[Normalisation, ...] = get_args(Normalisation)
    for mode in modes:
        for evidence, polarity in POLARITIES.items():
            drawn = np.stack([picture(text) for text in found[mode + evidence]])
            assert np.abs(drawn - overlay(frames, raw, mode, polarity)).max() <= 4, (mode, evidence)


def test_both_signs_are_red_and_blue_and_what_is_near_zero_is_clear(tmp_path: Path) -> None:
    raw = torch.zeros(1, HEIGHT, WIDTH)
    raw[0, 4, 4], raw[0, 20, 12] = 2.0, -2.0
    report = Report("", {}, (Question("", "", 0, (Panel("", grey(1, HEIGHT, WIDTH), (Heatmap("a", raw),)),)),))
    found: Any = ask(render(report), tmp_path, "return pixels(one('.picture'))", "evidence=both")
    drawn = picture(found)
    assert drawn[4, 4, 0] > drawn[4, 4, 2] + 50
    assert drawn[20, 12, 2] > drawn[20, 12, 0] + 50
    assert np.abs(drawn[0, 0] - 128).max() <= 1


def test_slider_keys_curve_and_play_move_all_clips_together(tmp_path: Path) -> None:
    short, long = panel("B", 10, frames=4), panel("query", 0, frames=8)
    report = Report("frames", {}, (Question("why?", "", 0.5, (long, short)),))
    script = """
      const now = () => [...document.querySelectorAll(".picture")].map((canvas) => canvas.dataset.frame).join();
      const found = [now()];
      const before = pixels(one(".picture"));
      slide(".frame", 8); found.push(now());
      found.push(pixels(one(".picture")) !== before);
      press("ArrowLeft"); found.push(now());
      press("ArrowRight"); press("ArrowRight"); found.push(now());
      const plot = one(".plot"), box = plot.getBoundingClientRect();
      plot.dispatchEvent(new PointerEvent("pointerdown", { clientX: box.left + box.width * 0.3, bubbles: true }));
      found.push(now());
      press(" "); found.push(one(".play").getAttribute("aria-label"));
      while (one(".frame").value !== "1") await settled();
      press(" "); found.push(one(".play").getAttribute("aria-label"));
      const value = now(); for (let i = 0; i < 20; i++) await settled(); found.push(now() === value);
      return found;"""
    found = ask(render(report), tmp_path, script)
    assert found == ["1,1", "8,4", True, "7,4", "8,4", "3,2", "Pause", "Play", True]


def test_the_ends_of_the_scale_and_the_method_are_said(tmp_path: Path) -> None:
    weak, strong = (torch.tensor([0.0, value]).view(1, 1, 2) for value in (0.25, 4e-7))
    sides = (
        Panel("query", grey(1), (Heatmap("a", weak), Heatmap("b", -strong))),
        Panel("B", grey(1), (Heatmap("a", 2 * weak),)),
    )
    script = """
      const found = [];
      for (const scale of ["clip", "all"]) { choose(`[name=scale][value=${scale}]`); found.push(said(".high")); }
      choose("[name=evidence][value=both]"); found.push(said(".low"));
      choose(".methods [value=b]"); found.push(said(".player:first-child .low, .player:last-child .note"));
      choose("[name=evidence][value=for]"); found.push(said(".player:first-child .high"));
      return found;"""
    found = ask(render(Report("", {}, (Question("", "", 0, sides),))), tmp_path, script)
    assert found == ["0.25 0.5", "0.5 0.5", f"{MINUS}0.5 {MINUS}0.5", f"{MINUS}4e{MINUS}7 no map by b", "0, flat"]


def test_a_broken_picture_is_said_and_not_drawn(tmp_path: Path) -> None:
    page = re.sub(r"image/jpeg;base64,[\w/+]{20}", "image/jpeg;base64,AAAA", render(small_report()))
    script = "return [ready, said('#problem')]"
    assert ask(page, tmp_path, script) == ["false", "This page could not be drawn: a picture is broken"]
