"""A page in a browser without a window, and what a script of the test finds in it."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: the page's script is not run")

_PROBE = """<pre id="probe"></pre><script>
async function settled() { await new Promise((resolve) => setTimeout(resolve, 30)); }
async function untilReady() {
  while (!("ready" in document.documentElement.dataset)) await settled();
  return document.documentElement.dataset.ready;
}
const one = (selector) => document.querySelector(selector);
const said = (selector) => [...document.querySelectorAll(selector)].map((each) => each.textContent).join(" ");
const pixels = (canvas) => btoa(String.fromCharCode(
  ...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data));
const choose = (selector) => one(selector).click();
const slide = (selector, value) => {
  one(selector).value = value;
  one(selector).dispatchEvent(new Event("input", { bubbles: true }));
};
const press = (key) => document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
async function probe() {
  const ready = await untilReady();
  %s
}
probe().catch((error) => ({ error: String(error) })).then((found) => {
  document.getElementById("probe").textContent = JSON.stringify({ found });
});
</script></body>"""


def dump(path: Path, address: str = "", width: int = 1200) -> str:
    """The page's document after its script ran."""
    assert CHROMIUM is not None
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=10000", f"--window-size={width},900"]
    profile = f"--user-data-dir={path.parent / 'profile'}"
    command = [CHROMIUM, *flags, profile, "--dump-dom", f"{path.as_uri()}#{address}"]
    return subprocess.run(command, capture_output=True, check=True, timeout=120, encoding="utf-8").stdout  # noqa: S603


def ask(page: str, folder: Path, script: str, address: str = "", width: int = 1200) -> Any:
    """Run a script of ours in a page, whose own policy forbids that and is taken away; gives what it returns."""
    open_page = re.sub(r"<meta http-equiv=.*?>", "", page)
    path = folder / "probed.html"
    path.write_text(open_page.replace("</body>", _PROBE % script), encoding="utf-8")
    (text,) = re.findall(r'<pre id="probe">(.*?)</pre>', dump(path, address, width), re.DOTALL)
    found = json.loads(html.unescape(text))["found"]
    assert "error" not in found, found
    return found
