"""A loaded model and the methods that explain it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic

from torch import Tensor

from explain.command.events import prepare_events
from explain.command.figures import Figures, Judged
from explain.command.files import read_subject
from explain.command.ground import Ground, nothing_behind
from explain.command.inquiry import Inquiry, Side, Subject
from explain.command.leftout import LeftOut
from explain.command.loaded import ModelT_co, Origin
from explain.command.methods import build_methods
from explain.command.names import FOREGROUND
from explain.command.precision import precision
from explain.command.progress import Reporter, reporting
from explain.command.publish import Keep
from explain.command.settings import Settings
from explain.core import Explainer
from explain.output import prepare_output
from explain.reader import Refusals, explain_all
from explain.report.content import Panel, Question
from explain.sinks.folder import Facts
from reid.device import device_of
from reid.errors import InputError


@dataclass(frozen=True, slots=True)
class Tools(Generic[ModelT_co]):
    """How explanations are made.

    Attributes:
        origin: of the model.
        device: where the model runs; None is the best there is.
        bf16: the model runs in bfloat16 where autocast sees fit; maps and scores are computed in float32.
        methods: names, see `explain.command.methods`; none is OriginalCAM where it is exact, else GradCAM.
        lenient: methods that cannot explain something are left out there and named, instead of ending the command.
        settings: of the methods.
    """

    origin: Origin[ModelT_co]
    device: str | None = None
    bf16: bool = False
    methods: Sequence[str] = ()
    lenient: bool = False
    settings: Settings = field(default_factory=Settings)


class Workbench(Generic[ModelT_co]):
    """Explains by several methods what one model decides.

    Args:
        tools: what to work with.
        reporter: is told how far the work is.

    Attributes:
        loaded: the model, and what is known of it.
        methods: by name.
        left_out: the methods that could not explain something, and why.
        ground: knows the foreground, where that was chosen.

    Raises:
        InputError: the model cannot be loaded.
    """

    def __init__(self, tools: Tools[ModelT_co], reporter: Reporter) -> None:
        self.tools = tools
        self.reporter = reporter
        self.device = device_of(tools.device, "--device")
        reporter.say(f"loading {tools.origin.name}")
        self.loaded = tools.origin.load(self.device)
        self.left_out = LeftOut()
        self._figures = Figures()
        self.ground = Ground(tools.settings.tcam, self.device) if tools.settings.tcam else None
        self.methods = self._build(tools.methods)

    @property
    def model(self) -> ModelT_co:
        """The network."""
        return self.loaded.model

    @property
    def choices(self) -> Facts:
        """What an explanation depends on; None is what was not chosen."""
        return {
            **self.loaded.facts,
            "precision": "bf16" if self.tools.bf16 else None,
            **self.tools.settings.choices,
        }

    @property
    def facts(self) -> Facts:
        """What an explanation depends on."""
        return {name: value for name, value in self.choices.items() if value is not None}

    def read(self, source: Path, frames: int | None) -> Subject:
        """Read a clip, and ask the model about it.

        Args:
            source: see `read_subject`.
            frames: T; None is what the model is used to.

        Raises:
            InputError: see `read_subject`.
        """
        return read_subject(self.model, source, frames or self.loaded.frames, self.loaded.view)

    def methods_for(self, subject: Subject) -> Mapping[str, Explainer]:
        """The methods that were asked for, or the usual one."""
        pooled = subject.output.features.pooling is not None
        return self.methods or self._build(["originalcam" if pooled else "gradcam"])

    def answer(self, inquiry: Inquiry, methods: Mapping[str, Explainer] | None = None) -> Question:
        """Explain every side of a question by every method.

        Args:
            inquiry: the question.
            methods: None takes `methods_for` each side.

        Raises:
            InputError: a method cannot explain this score of this model; under `lenient` no method can.
        """
        self.reporter.say(inquiry.title)
        panels = tuple(self.panel(side, methods) for side in inquiry.sides)
        return Question(inquiry.title, inquiry.caption, inquiry.score, panels)

    def panel(self, side: Side, methods: Mapping[str, Explainer] | None = None) -> Panel:
        """Explain one side by every method, see `answer`."""
        refusals: Refusals | None = {} if self.tools.lenient else None
        asked = methods or self.methods_for(side.subject)
        self._figures.clear()
        maps = explain_all(self.model, side.subject.pixels, asked, {"": side.target}, refusals)[""]
        self.left_out.note(f"{side.title} {side.subject.name}", refusals or {})
        if not maps:
            raise InputError("; ".join(map(str, (refusals or {}).values())))
        for name, raw in maps.items():
            require_finite_map(name, raw)
        seen = self.ground if not self.tools.settings.gate else None  # nothing of a gated map is behind
        behind = seen.behind(self.model, side.subject.pixels) if seen else nothing_behind
        judged = tuple(
            Judged(name, raw[0].cpu(), {**self._figures.take(name), **(behind(raw[0]) if name != FOREGROUND else {})})
            for name, raw in maps.items()
        )
        return Panel(side.title, side.subject.frames, judged, side.subject.name)

    def _build(self, names: Sequence[str]) -> dict[str, Explainer]:
        localizer = self.ground.localizer if self.ground else None
        return build_methods(names, self.tools.settings, self.reporter.count, self._figures, localizer)


@contextmanager
def workbench(tools: Tools[ModelT_co], keep: Keep) -> Iterator[Workbench[ModelT_co]]:
    """Load a model to work with, once it is clear that the results can be written.

    Raises:
        InputError: the results cannot be written, or the model cannot be loaded or run like this.
    """
    prepare_output(keep.output, keep.overwrite)
    if keep.tensorboard is not None:
        prepare_events(keep.tensorboard)
    with at_work(tools) as bench:
        yield bench


@contextmanager
def at_work(tools: Tools[ModelT_co]) -> Iterator[Workbench[ModelT_co]]:
    """Load a model to work with.

    Inside, progress is shown, and the model runs in the precision that was asked for.

    Raises:
        InputError: the model cannot be loaded or run like this.
    """
    with reporting() as reporter:
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
