"""A loaded model, the methods that explain it, and where it came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from explain.command.inquiry import Inquiry, Side
from explain.command.methods import build_methods
from explain.command.progress import Reporter
from explain.reader import Refusals, explain_all
from explain.report.content import Heatmap, Panel, Question
from explain.sinks.folder import Facts
from reid.checkpoint import describes_itself, load_model
from reid.errors import InputError
from reid.results import file_hash


@dataclass(frozen=True, slots=True)
class Tools:
    """How explanations are made.

    Attributes:
        checkpoint: see `reid.checkpoint.load_model`.
        config: see there.
        names_benchmark: the config is given for its data; a checkpoint that describes its own model knows that better.
        device: where the model runs; None is the best there is.
        methods: names, see `explain.command.methods`; none is OriginalCAM where it is exact, else GradCAM.
        lenient: methods that cannot explain this model are left out and named, instead of ending the command.
        batch_size: copies of a clip in a forward pass, for the methods that score many.
        channels: in how many groups ScoreCAM scores the channels; None scores each.
    """

    checkpoint: Path
    config: Path | None = None
    names_benchmark: bool = False
    device: str | None = None
    methods: Sequence[str] = ()
    lenient: bool = False
    batch_size: int = 32
    channels: int | None = None


class Workbench:
    """Explains by several methods what one model decides.

    Args:
        tools: what to work with.
        reporter: is told how far the work is.

    Attributes:
        model: in eval mode, on its device.
        methods: by name.
        refused: the methods that were left out, and why.

    Raises:
        InputError: the model cannot be loaded.
    """

    def __init__(self, tools: Tools, reporter: Reporter) -> None:
        self.tools = tools
        self.reporter = reporter
        self.device = device_of(tools.device)
        reporter.say(f"loading {tools.checkpoint.name}")
        config = None if tools.names_benchmark and describes_itself(tools.checkpoint) else tools.config
        self.model = load_model(tools.checkpoint, config, self.device)
        self.refused: Refusals = {}
        self.methods = build_methods(tools.methods, tools.batch_size, tools.channels, reporter.count)

    @property
    def facts(self) -> Facts:
        """What an explanation depends on."""
        return {
            "checkpoint": str(self.tools.checkpoint),
            "checkpoint_sha256": file_hash(self.tools.checkpoint),
            "backbone": type(self.model.backbone).__name__,
        }

    def answer(self, inquiry: Inquiry) -> Question:
        """Explain every side of a question by every method.

        Raises:
            InputError: a method cannot explain this score of this model; under `lenient` no method can.
        """
        self.reporter.say(inquiry.title)
        panels = tuple(self.panel(side) for side in inquiry.sides)
        return Question(inquiry.title, inquiry.caption, inquiry.score, panels)

    def panel(self, side: Side) -> Panel:
        """Explain one side by every method."""
        methods = self.methods
        if not methods:
            pooled = side.subject.output.features.pooling is not None
            methods = build_methods(["originalcam" if pooled else "gradcam"])
        refusals = self.refused if self.tools.lenient else None
        maps = explain_all(self.model, side.subject.pixels, methods, {"": side.target}, refusals)[""]
        if not maps:
            raise InputError("; ".join(map(str, self.refused.values())))
        for name, raw in maps.items():
            require_finite_map(name, raw)
        heatmaps = tuple(Heatmap(name, raw[0].cpu()) for name, raw in maps.items())
        return Panel(side.title, side.subject.frames, heatmaps, side.subject.name)


def require_finite_map(method: str, raw: Tensor) -> None:
    """Refuse a map with nan or infinity.

    Raises:
        InputError: it says where they may come from.
    """
    if not raw.isfinite().all():
        raise InputError(
            f"{method}: the map is not finite: did the training diverge, or the network overflow in half precision?"
        )


def device_of(name: str | None) -> torch.device:
    """The device of that name, or the best there is.

    Raises:
        InputError: it is not to be had.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # torch built without CUDA asserts
        raise InputError(f"--device {name}: not to be had here; leave it out, or take cpu") from error
    return device
