"""LightningCLI with the commands that ReID has, which says mistakes in one line and executes no checkpoint."""

import os
import shutil
import sys
from argparse import SUPPRESS
from collections.abc import Sequence
from pathlib import Path
from tempfile import gettempdir
from typing import Any, TypeVar
from uuid import uuid4

from jsonargparse import Namespace
from jsonargparse.typing import PositiveInt
from lightning.fabric.plugins import CheckpointIO, ClusterEnvironment
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.cli import ArgsType, LightningArgumentParser, LightningCLI
from lightning.pytorch.utilities import rank_zero_only
from typing_extensions import override

from reid.checkpoint import check_resumable
from reid.config_parser import FURTHER, ConfigParser
from reid.errors import InputError
from reid.kept_config import KeptConfig
from reid.launch import by_slurm, launch_of, require_as_launched, require_no_others
from reid.parsing import options_of
from reid.quiet import quieten_lightning
from reid.ranked import RankedLists
from reid.resume.exact import ExactSteps
from reid.resume.finite import FiniteGuard
from reid.resume.leaving import SaveAndLeave
from reid.resume.plugin import WholeCheckpoints
from reid.resume.signals import Stop, Stopped
from reid.resume.start import Start, start_of
from reid.settings import settings_of
from reid.step_lines import StepLines

COMMANDS = {"fit", "validate", "test"}
EVALUATING = {"validate", "test"}
STARTING_POINTS = {"model.init_args.backbone.init_args.pretrained": False, "model.init_args.weights": None}
"""Where weights come from without a checkpoint, and what switches that off."""


Kind = TypeVar("Kind", bound="ReIDCLI")


class ReIDCLI(LightningCLI):
    """LightningCLI with the commands that ReID has, which executes nothing that a checkpoint holds.

    `fit` writes its checkpoints whole, ends in an orderly way when told to, and goes on from where it was.
    """

    @staticmethod
    @override
    def subcommands() -> dict[str, set[str]]:
        return {name: skipped for name, skipped in LightningCLI.subcommands().items() if name in COMMANDS}

    @override
    def _prepare_subcommand_parser(self, klass: type, subcommand: str, **kwargs: Any) -> LightningArgumentParser:
        parser = super()._prepare_subcommand_parser(klass, subcommand, **kwargs)
        if subcommand in EVALUATING:
            parser.add_argument(
                "--ranked", type=PositiveInt | None, default=None, help="draw so many first places of some rankings"
            )
            parser.add_argument(
                "--ranked_queries", type=int | list[str], default=10, help="how many rankings, or a list of queries"
            )
        going_on = "go on with a run, in its folder: a checkpoint, or 'auto' for the newest one of this config"
        hidden = SUPPRESS if subcommand in EVALUATING else going_on  # known, for the config that `fit` keeps has it
        parser.add_argument("--resume", type=str | None, default=None, help=hidden)
        return parser

    def before_test(self) -> None:
        """Let rankings be drawn, if that was asked for."""
        given = self.config[str(self.subcommand)]
        if given.ranked:
            callbacks: list[Callback] = self.trainer.callbacks  # type: ignore[attr-defined]
            callbacks.append(RankedLists(given.ranked, given.ranked_queries))

    before_validate = before_test

    @override
    def _parse_ckpt_path(self) -> None:
        """Find what to start from; but Lightning would let its hyper-parameters overrule the command line."""
        self.stop, self.start = Stop(), Start()
        self._scratch = Path(gettempdir(), f"trial-{uuid4().hex}")  # of a `fast_dev_run`, which keeps nothing
        if self.config.get("subcommand") is None:  # `run=False` builds and runs no command
            return
        given = self.config[self.config.subcommand]
        if self.config.subcommand == "fit":
            resumed, given.resume = given.resume, None  # what the run's folder keeps shall start afresh
            settings = settings_of(self.written_out())
            self.start = start_of(resumed, given, settings, rank_zero_only(_say))
            self.trainer_defaults["callbacks"] += [ExactSteps(settings), FiniteGuard()]
        elif given.resume:
            raise InputError("--resume goes on with a training: name a checkpoint to evaluate with --ckpt_path FILE")
        elif given.ckpt_path:
            check_resumable(Path(given.ckpt_path))
            self.start = Start(Path(given.ckpt_path))

    def written_out(self) -> str:
        """The whole config as YAML."""
        parser = self._subcommand_parsers[str(self.config.subcommand)]
        return str(parser.dump(self.config[str(self.config.subcommand)], skip_unset=False))

    @override
    def before_instantiate_classes(self) -> None:
        self._asked = self.config.clone()  # is what the run's folder keeps
        if self.start.checkpoint:
            given = self.config[str(self.subcommand)]
            given.ckpt_path, given.weights_only = str(self.start.checkpoint), True
            for place, nothing in STARTING_POINTS.items():  # the checkpoint holds all tensors: fetch no others
                if given.get(place):
                    given[place] = nothing

    @override
    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        self.config = self._asked
        launch = launch_of(os.environ)
        given = self._get(self.config_init, "trainer")
        plugins = given.plugins if isinstance(given.plugins, list) else [given.plugins] if given.plugins else []
        if not any(isinstance(plugin, CheckpointIO) for plugin in plugins):
            plugins = [*plugins, WholeCheckpoints()]
        if by_slurm(os.environ) and not any(isinstance(plugin, ClusterEnvironment) for plugin in plugins):
            plugins = [*plugins, SLURMEnvironment(auto_requeue=False)]  # which would save in the midst of a step
        if given.fast_dev_run:
            kwargs["default_root_dir"] = self._scratch
        trainer = super().instantiate_trainer(plugins=plugins, **self.start.trainer_options(given), **kwargs)
        require_as_launched(launch, trainer.num_devices, trainer.num_nodes)
        if launch is None:
            require_no_others(os.environ, trainer.world_size)
        if given.sync_batchnorm and trainer.world_size > 1 and trainer.strategy.root_device.type == "cpu":
            raise InputError("--trainer.sync_batchnorm true: torch can do that on GPUs only; leave it out")
        trainer.callbacks.append(SaveAndLeave(self.stop))  # type: ignore[attr-defined]  # behind those that Lightning adds
        return trainer

    @override
    def _run_subcommand(self, subcommand: str) -> None:
        try:
            with self.stop.heeded():
                super()._run_subcommand(subcommand)
        except Stopped as stopped:
            rank_zero_only(_complain)(stopped.told)
            raise
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)


class ParsedCLI(ReIDCLI):
    """Reads a command line, and neither builds nor runs anything."""

    @override
    def _parse_ckpt_path(self) -> None: ...

    @override
    def before_instantiate_classes(self) -> None: ...

    @override
    def _set_seed(self) -> None: ...

    @override
    def instantiate_classes(self) -> None: ...

    @override
    def _run_subcommand(self, subcommand: str) -> None: ...


class ListedCLI(ParsedCLI):
    """Reads no command line either: it is asked which options there are."""

    @override
    def parse_arguments(self, parser: LightningArgumentParser, args: ArgsType) -> None:
        self.config = Namespace(subcommand="fit", fit=Namespace())  # type: ignore[no-untyped-call]

    @property
    def options(self) -> dict[str, list[str]]:
        """Those of each command, such as `--config`, but for those of the classes that a config names."""
        return {name: list(options_of(self._subcommand_parsers[name])) for name in sorted(COMMANDS)}


class OneProcessCLI(ReIDCLI):
    """Runs in a process that goes on afterwards, which cannot be started once for each device."""

    def before_fit(self) -> None:
        """Raise if training would start further processes."""
        if self.trainer.world_size > 1:
            raise InputError(
                f"{self.trainer.world_size} devices: a command that trains many times uses one at a time; pass "
                "--trainer.devices 1 and start one worker for each device"
            )
        self.trainer.callbacks[:0] = [StepLines()]  # type: ignore[attr-defined]


def build(kind: type[Kind], words: Sequence[str] | None, callbacks: Sequence[Callback] = ()) -> Kind:
    """Read a command line and do what it says.

    Args:
        kind: how far to go.
        words: the command line; None takes it from `sys.argv`.
        callbacks: beside those of the config.

    Raises:
        InputError: a user's mistake that the constructors or the run found, maybe as the cause of a ValueError.
    """
    quieten_lightning()
    return kind(
        LightningModule,
        LightningDataModule,
        subclass_mode_model=True,
        subclass_mode_data=True,
        auto_configure_optimizers=False,
        save_config_callback=KeptConfig,
        save_config_kwargs={"overwrite": True},
        seed_everything_default=0,
        trainer_defaults={
            "use_distributed_sampler": False,
            "default_root_dir": "runs",
            "callbacks": list(callbacks),
        },
        parser_class=ConfigParser,
        parser_kwargs={
            "epilog": f"Further commands: {', '.join(FURTHER)}; see train.py {FURTHER[0]} --help and so on.",
            "allow_abbrev": False,
            **{
                name: {"usage": f"train.py {name} --config FILE [--key value ...]", "allow_abbrev": False}
                for name in COMMANDS
            },
        },
        args=list(words) if words is not None else None,
    )


def _say(line: str) -> None:
    print(f"resume: {line}", flush=True)  # noqa: T201


def _complain(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201
