"""Videos in a browser without a window: loaded, played, searched and drawn."""

import json
import subprocess
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from typing_extensions import override

from tests.explain.report.browser import CHROMIUM

_PAGE = """<!DOCTYPE html><meta charset="utf-8"><canvas></canvas><script>
const happens = (video, event) => new Promise((resolve, reject) => {
  video.addEventListener(event, resolve, { once: true });
  video.addEventListener("error", () => reject(video.error.message), { once: true });
});
async function watch(name, times) {
  const video = document.createElement("video");
  video.muted = true;
  const loaded = happens(video, "loadeddata");
  video.src = URL.createObjectURL(await (await fetch("/" + name)).blob());
  await loaded;
  const canvas = document.querySelector("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const pen = canvas.getContext("2d", { willReadFrequently: true }), colours = [];
  for (const time of times) {
    const sought = happens(video, "seeked");
    video.currentTime = time;
    await sought;
    await new Promise((resolve) => setTimeout(resolve, 50));  // until the frame that was found is the one that is shown
    pen.drawImage(video, 0, 0);
    colours.push([...pen.getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1).data].slice(0, 3));
  }
  const sought = happens(video, "seeked"), ended = happens(video, "ended");
  video.currentTime = Math.max(0, video.duration - 0.5);
  await sought;
  video.play().catch(() => {});  // over before it began, if there is one frame
  await ended;
  return { width: canvas.width, height: canvas.height, seconds: video.duration, colours };
}
async function all(wanted) {
  const found = {};
  for (const [name, times] of Object.entries(wanted)) {
    found[name] = await watch(name, times).catch((error) => ({ error: String(error) }));
  }
  await fetch("/found", { method: "POST", body: JSON.stringify(found) });
}
all(%s);
</script>"""


def play(videos: Mapping[str, Path], times: Mapping[str, Sequence[float]], folder: Path) -> dict[str, Any]:
    """Show videos to Chromium.

    Args:
        videos: name -> file.
        times: name -> seconds to go to.
        folder: for the browser's profile.

    Returns:
        Name -> width, height, length in seconds and, for each time, the colour in the middle; or an error.
    """
    assert CHROMIUM is not None
    found: dict[str, Any] = {}
    told = threading.Event()
    page = _PAGE % json.dumps({name: list(times[name]) for name in videos})

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            video = videos.get(self.path[1:])
            body = video.read_bytes() if video else page.encode()
            self.send_response(200)
            self.send_header("Content-Type", "video/mp4" if video else "text/html")
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            found.update(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            told.set()

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
        address = f"http://127.0.0.1:{server.server_port}/page"
        browser = subprocess.Popen(  # noqa: S603
            [CHROMIUM, *flags, f"--user-data-dir={folder / 'profile'}", address],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert told.wait(100), "the browser said nothing"
        finally:
            browser.terminate()
            browser.wait(20)
            server.shutdown()
    return found
