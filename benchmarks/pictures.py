"""The pictures of docs/gallery.md, drawn by the commands that stand there.

    python -m benchmarks.pictures --explained runs/gallery --output docs/gallery

What `explain.py` wrote below `--explained` (`pair`, `identity`, `runner_up`, `contrast`, and `vit` for the methods that
look at attention) becomes small WebP files: a contact sheet for each method, both sides where there are two, and the
report page as a browser shows it. Nothing is drawn anew.
"""

import argparse
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageChops

LIMIT = 60_000
"""Bytes that no picture exceeds."""

HEAD = 264
"""Height in pixels of the head of a report page, which names files of the machine that it was made on: left out."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIDES = ("against", "instead_of")
PAGE = 1600
"""Height in pixels of the window that a report page is photographed in; what is empty below is cut off."""


def sheets(explained: Path) -> dict[str, Path]:
    """Every contact sheet below a folder, by the name of its picture: question, method, and side besides the first.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for place in ("pair/gradcam++/against", "identity"):
    ...     (folder / place).mkdir(parents=True)
    ...     (folder / place / "contact_sheet.png").touch()
    >>> sorted(sheets(folder))
    ['identity', 'pair_gradcam_plus_plus_against']
    """
    found = sorted(explained.rglob("contact_sheet.png"))
    names = ("_".join(sheet.parent.relative_to(explained).parts).replace("++", "_plus_plus") for sheet in found)
    return dict(zip(names, found, strict=True))


def stacked(pictures: Sequence[Image.Image]) -> Image.Image:
    """Pictures of any size below each other on white."""
    sheet = Image.new("RGB", (max(each.width for each in pictures), sum(each.height for each in pictures)), "white")
    top = 0
    for each in pictures:
        sheet.paste(each, (0, top))
        top += each.height
    return sheet


def save(picture: Image.Image, path: Path) -> None:
    """Write a WebP file of at most `LIMIT` bytes, as good as that allows.

    Raises:
        ValueError: the picture is too large for that.
    """
    for quality in range(80, 20, -10):
        picture.save(path, quality=quality, method=6)
        if path.stat().st_size <= LIMIT:
            return
    raise ValueError(f"{path}: {path.stat().st_size} bytes, expected {LIMIT} at most")


def photograph(page: Path, folder: Path, width: int = 900) -> Image.Image | None:
    """Show a page below its head in a browser without a window, if there is one; empty space is cut off."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return None
    shot = folder / "page.png"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--timeout=8000"]
    size = f"--window-size={width},{PAGE}"
    command = [browser, *flags, size, f"--screenshot={shot}", page.resolve().as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=240)  # noqa: S603 - our own words
    picture = Image.open(shot).convert("RGB")
    shot.unlink()
    blank = Image.new("RGB", picture.size, picture.getpixel((0, picture.height - 1)))
    box = ImageChops.difference(picture, blank).getbbox()
    return picture.crop((0, HEAD, picture.width, min(picture.height, (box[3] if box else 0) + 16)))


def draw(explained: Path, output: Path) -> list[Path]:
    """Make the pictures; returns their paths."""
    output.mkdir(parents=True, exist_ok=True)
    made = []
    found = sheets(explained)
    for name, sheet in found.items():
        if name.endswith(SIDES):
            continue
        with_sides = name in {"contrast", "pair_originalcam"}
        more = [found[f"{name}_{side}"] for side in SIDES if with_sides and f"{name}_{side}" in found]
        path = output / f"{name}.webp"
        save(stacked([Image.open(each).convert("RGB") for each in (sheet, *more)]), path)
        made.append(path)
    page = explained / "contrast" / "report.html"
    report = photograph(page, output) if page.is_file() else None
    if report is not None:
        save(report, output / "report.webp")
        made.append(output / "report.webp")
    return made


def main() -> None:
    """Draw, and say what it weighs."""
    flags = argparse.ArgumentParser(description="Make the pictures of docs/gallery.md from what explain.py wrote.")
    flags.add_argument("--explained", type=Path, required=True, help="folder of the outputs of explain.py")
    flags.add_argument("--output", type=Path, default=Path("docs/gallery"), help="folder of the pictures")
    given = flags.parse_args()
    made = draw(given.explained, given.output)
    for path in made:
        print(f"{path.stat().st_size:7,d} {path}")
    print(f"{sum(path.stat().st_size for path in made):,} bytes in {len(made)} pictures")


if __name__ == "__main__":
    main()
