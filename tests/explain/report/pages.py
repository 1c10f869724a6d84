"""Small reports, and what a page of them holds."""

import base64
import json
import re
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explain.report import Heatmap, Panel, Question, RankedItem, Ranking, Report, Verdict
from explain.sinks.folder import Facts

EVIL = "</title></script><script>document.documentElement.dataset.evil = 1</script><img src=x onerror=e()>&amp;'$data"


def grey(frames: int = 4, height: int = 32, width: int = 16) -> NDArray[np.uint8]:
    """Frames [T,H,W,3] of a grey that JPEG keeps exactly."""
    return np.full((frames, height, width, 3), 128, np.uint8)


def noise(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def panel(title: str = "query", seed: int = 0, frames: int = 4, caption: str = "") -> Panel:
    maps = (Heatmap("originalcam", noise(seed, 2, 4, 2)), Heatmap("gradcam", noise(seed + 1, frames, 8, 4)))
    return Panel(title, grey(frames), maps, caption)


def small_report() -> Report:
    """A class, a pair, a contrast and a ranked list."""
    query, match, rival = panel(), panel("B", 10), panel("C", 20, frames=3)
    questions = (
        Question("Why class 7?", "its logit", 7.25, (query,)),
        Question("Why do they match?", "their cosine", 0.8125, (query, match)),
        Question("Why B and not C?", "the difference of two cosines", -0.125, (query, match, rival)),
    )
    verdicts: tuple[Verdict, ...] = get_args(Verdict)
    items = tuple(
        RankedItem(panel(f"person {place}", 30 + place), 0.1 * place, verdict)
        for place, verdict in enumerate(verdicts, start=1)
    )
    facts: Facts = {
        "model": "ResNetTA",
        "checkpoint": "last.ckpt",
        "sha256": "0123456789ab",
        "frames": 4,
        "finer": False,
    }
    return Report("Why person 33?", facts, questions, Ranking(query, items, "a gallery of three"))


def hostile_report() -> Report:
    """Whatever a user may name is markup."""
    panel = Panel(EVIL, grey(1), (Heatmap(EVIL, noise(0, 1, 2, 2)),), EVIL)
    ranking = Ranking(panel, (RankedItem(panel, 0.5, "junk"),), EVIL)
    return Report(EVIL, {EVIL: EVIL}, (Question(EVIL, EVIL, 0.0, (panel,)),), ranking)


def data_of(page: str) -> Any:
    """What the page's script reads."""
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    return json.loads(text)


def numbers_of(cells: str, *shape: int) -> Tensor:
    """The numbers of a map in a page."""
    return torch.from_numpy(np.frombuffer(base64.b64decode(cells), "<f4").reshape(shape).copy())
