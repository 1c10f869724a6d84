"""A loaded model, the methods that explain it, and where it came from."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from explain.command.benchmark import HeldOut, open_benchmark
from explain.command.device import device_of, precision
from explain.command.events import prepare_events
from explain.command.inquiry import Inquiry, Side
from explain.command.layers import require_layers
from explain.command.leftout import LeftOut
from explain.command.methods import Settings, build_methods
from explain.command.progress import Reporter, reporting
from explain.command.publish import Keep
from explain.output import prepare_output
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
        bf16: the model runs in bfloat16 where autocast sees fit; maps and scores are computed in float32.
        methods: names, see `explain.command.methods`; none is OriginalCAM where it is exact, else GradCAM.
        lenient: methods that cannot explain something are left out there and named, instead of ending the command.
        settings: of the methods.
    """

    checkpoint: Path
    config: Path | None = None
    names_benchmark: bool = False
    device: str | None = None
    bf16: bool = False
    methods: Sequence[str] = ()
    lenient: bool = False
    settings: Settings = field(default_factory=Settings)


class Workbench:
    """Explains by several methods what one model decides.

    Args:
        tools: what to work with.
        reporter: is told how far the work is.

    Attributes:
        model: in eval mode, on its device.
        methods: by name.
        left_out: the methods that could not explain something, and why.

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
        self.left_out = LeftOut()
        self.methods = build_methods(tools.methods, tools.settings, reporter.count)

    @property
    def facts(self) -> Facts:
        """What an explanation depends on."""
        return {
            "checkpoint": str(self.tools.checkpoint),
            "checkpoint_sha256": file_hash(self.tools.checkpoint),
            "backbone": type(self.model.backbone).__name__,
            **({"precision": "bf16"} if self.tools.bf16 else {}),
            **self.tools.settings.facts,
        }

    def open(self, config: Path, root: Path | None, frames: int | None) -> HeldOut:
        """Open the test side of a benchmark, and make sure that the model can be explained on it as was asked.

        Args:
            config: see `explain.command.benchmark.open_benchmark`.
            root: see there.
            frames: see there.

        Raises:
            InputError: see there; or the backbone has no such layer.
        """
        side = open_benchmark(config, root, frames, self.model.preprocess.size)
        clip = side.clips[0].pixels[None].to(self.device)
        require_layers(self.model, self.model.preprocess(clip), self.tools.settings.layers)
        return side

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
        refusals: Refusals | None = {} if self.tools.lenient else None
        maps = explain_all(self.model, side.subject.pixels, methods, {"": side.target}, refusals)[""]
        self.left_out.note(f"{side.title} {side.subject.name}", refusals or {})
        if not maps:
            raise InputError("; ".join(map(str, (refusals or {}).values())))
        for name, raw in maps.items():
            require_finite_map(name, raw)
        heatmaps = tuple(Heatmap(name, raw[0].cpu()) for name, raw in maps.items())
        return Panel(side.title, side.subject.frames, heatmaps, side.subject.name)


@contextmanager
def workbench(tools: Tools, keep: Keep) -> Iterator[Workbench]:
    """Load a model to work with, once it is clear that the results can be written.

    Inside, progress is shown, and the model runs in the precision that was asked for.

    Raises:
        InputError: the results cannot be written, or the model cannot be loaded or run like this.
    """
    with reporting() as reporter:
        prepare_output(keep.output, keep.overwrite)
        if keep.tensorboard is not None:
            prepare_events(keep.tensorboard)
        bench = Workbench(tools, reporter)
        with precision(bench.device, tools.bf16):
            yield bench


def require_finite_map(method: str, raw: Tensor) -> None:
    """Refuse a map with nan or infinity.

    Raises:
        InputError: it says where they may come from.
    """
    if not raw.isfinite().all():
        raise InputError(
            f"{method}: the map is not finite: did the training diverge, or the network overflow in half precision?"
        )
