#!/usr/bin/env python
"""Train, validate and test: `python train.py fit --config configs/demo.yaml`; search, and evaluate all splits."""

import gc
import sys
from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from pathlib import Path

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from typing_extensions import override

import explain.callback  # noqa: F401 - so that configs may name it by its short name
from datasets.datamodule import ReIDDataModule
from datasets.showing import clip_of
from explain.command.progress import reporting
from explain.tcam.first_stage import first_stage
from explain.tcam.module import TCAM
from explain.tcam.stages import prepare
from reid.cli import ListedCLI, OneProcessCLI, ParsedCLI, ReIDCLI, build
from reid.completion import completion
from reid.config_parser import FURTHER
from reid.errors import InputError, exit_status
from reid.fitting import Fitted, Scores, Told
from reid.module import ReIDModule
from reid.outlook import Outlook
from reid.parsing import Parser
from reid.plain_recipe import is_ours
from reid.shell import command
from reid.splits.command import splits
from reid.step_lines import StepLines
from reid.training_curves import FILE, TrainingCurves

__all__ = ["OWN", "ReIDCLI", "fit", "main", "next_steps", "parse", "run"]


class CLI(ReIDCLI):
    """The commands of `ReIDCLI`; `fit` says how long it takes, and first makes what a model of several stages needs.

    Attributes:
        classifier: the checkpoint of an earlier stage, where there is one.
    """

    classifier: Path | None = None

    def before_fit(self) -> None:
        """Train the classifier and make the maps that TCAM learns from, as far as they are missing."""
        if not self.trainer.fast_dev_run:  # type: ignore[attr-defined]
            callbacks: list[Callback] = self.trainer.callbacks  # type: ignore[attr-defined]
            # before checkpoints are written, which hold the curves
            callbacks[:0] = [Outlook(), StepLines(), TrainingCurves()]
        if not isinstance(self.model, TCAM):
            return
        several = getattr(self.trainer.strategy, "cluster_environment", None)
        apart = several is not None and several.creates_processes_externally
        trial = int(self.trainer.fast_dev_run)  # type: ignore[attr-defined]
        if trial and self.trainer.world_size > 1:
            raise InputError("--trainer.fast_dev_run: a trial of several stages takes one process: --trainer.devices 1")
        root, device = Path(self.trainer.default_root_dir), self.trainer.strategy.root_device
        with reporting() as reporter:
            asked = (root, self._classify, reporter, self.trainer.world_size == 1 or not apart, device, trial or None)
            self.classifier = prepare(self.model, self.datamodule, *asked)

    def _classify(self, config: Path, folder: Path) -> None:
        """Train the classifier; a trial run keeps no checkpoint by itself."""
        trial = self.trainer.fast_dev_run  # type: ignore[attr-defined]
        given = first_stage(config, self.config["fit"])
        words = [f"--config={config}", f"--trainer.default_root_dir={folder}", *given]
        if not trial:
            fit(words)
            return
        tried = build(OneProcessCLI, ["fit", *words, f"--trainer.fast_dev_run={trial}"])
        tried.trainer.save_checkpoint(folder / "best_classification.ckpt")


class Evaluations(Callback):
    """Tells the scores of every epoch that was evaluated but the last, which `fit` returns.

    An epoch may be evaluated several times (`val_check_interval`): the last of them counts.

    Args:
        told: is given the epoch and the logged metrics.
    """

    def __init__(self, told: Told) -> None:
        self._told = told
        self._evaluated = False

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._evaluated = not trainer.sanity_checking

    @override
    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        last = trainer.current_epoch + 1 == trainer.max_epochs or trainer.global_step == trainer.max_steps
        if self._evaluated and not last:
            self._told(trainer.current_epoch, scores_of(trainer))
        self._evaluated = False


def scores_of(trainer: Trainer) -> Scores:
    """The last value of everything that was logged."""
    return {name: float(value) for name, value in trainer.callback_metrics.items()}


def main(args: Sequence[str] | None = None) -> CLI:
    """Run `fit`, `validate` or `test`.

    Args:
        args: the command line; None takes it from `sys.argv`.

    Raises:
        InputError: a user's mistake that the constructors or the run found.
    """
    cli = build(CLI, args)
    if cli.subcommand == "fit" and not cli.trainer.fast_dev_run:  # type: ignore[attr-defined]
        told = next_steps(cli)  # on every process: Lightning broadcasts the folder
        if cli.trainer.is_global_zero:
            print(told)  # noqa: T201
    return cli


def fit(words: Sequence[str], told: Told | None = None) -> Fitted:
    """Train once among many times (see `reid.fitting.Fit`)."""
    gc.collect()  # the network before this one hangs in circles
    cli = build(OneProcessCLI, ["fit", *words], [Evaluations(told)] if told else [])
    return Fitted(scores_of(cli.trainer), cli.model.results)


def parse(words: Sequence[str]) -> str:
    """Read a command line of `fit` (see `reid.fitting.Parse`)."""
    return build(ParsedCLI, ["fit", *words]).written_out()


def search(words: Sequence[str]) -> None:
    """Run `search`.

    Raises:
        InputError: a user's mistake; or Optuna is missing.
    """
    try:
        from reid.search.command import search as command
    except ModuleNotFoundError as error:
        if error.name not in {"optuna", "sqlalchemy"}:
            raise
        raise InputError("search needs Optuna, which is not installed: pip install -e '.[search]'") from error
    command(words, parse, fit)


def examine(words: Sequence[str]) -> None:
    """Run `doctor`.

    Raises:
        InputError: something is missing without which nothing works.
    """
    from reid.doctor.command import doctor

    doctor(words)


def complete(words: Sequence[str]) -> None:
    """Print a script that completes options in a shell.

    Raises:
        InputError: the command takes no options.
    """
    Parser("train.py completion", "Print a script that completes options in bash and zsh.").parse_args(words)
    listed = build(ListedCLI, [])
    ours = {"model": ReIDModule, "data": ReIDDataModule}
    options = [f"--{side}.{name}" for side, kind in ours.items() for name in signature(kind).parameters]
    found = {name: [*own, *options] for name, own in listed.options.items()}
    for name in FURTHER:
        found[name] = found["fit"] if name in {"search", "splits"} else []
    print(completion("train.py", found))  # noqa: T201


OWN: Mapping[str, Callable[[Sequence[str]], None]] = {
    "search": search,
    "splits": lambda words: splits(words, parse, fit),
    "doctor": examine,
    "completion": complete,
}
"""Commands that take options of our own, by name; each is given the words behind its name."""


def next_steps(cli: CLI) -> str:
    """Say the exact commands that look at what a finished `fit` made."""
    run = Path(cli.trainer.log_dir or cli.trainer.default_root_dir)
    steps = ["", "next:"]
    if isinstance(cli.trainer.logger, TensorBoardLogger):
        steps.append("  " + command("tensorboard", "--logdir", run))
    if (run / FILE).exists():
        steps.append(f"  training curves: {run / FILE}")
    recipe = cli.model.hparams
    checkpoint, clip = getattr(cli.trainer.checkpoint_callback, "best_model_path", ""), clip_of(cli.datamodule)
    if checkpoint and clip:
        model = ["--checkpoint", checkpoint]
        if cli.classifier:
            model = ["--checkpoint", str(cli.classifier), "--tcam", checkpoint, "--method", "tcam,gradcam"]
        elif "backbone" not in recipe or not is_ours(recipe["backbone"]):
            model += ["--config", str(run / "config.yaml")]  # a class of the user's own is built by a config only
        explanation = run / "explanation"
        steps.append("  " + command("python", "explain.py", *clip, *model, "--output", explanation))
        steps.append(f"  and open its report: {explanation / 'report.html'}")
    return "\n".join(steps)


def run(args: Sequence[str] | None = None) -> None:
    """Run one command; a checkpoint that does not fit its config is a user's mistake like others."""
    words = list(sys.argv[1:] if args is None else args)
    try:
        if words and words[0] in OWN:
            OWN[words[0]](words[1:])
        else:
            main(args)
    except RuntimeError as error:
        if "Error(s) in loading state_dict" not in str(error):
            raise
        raise InputError(
            "--ckpt_path or --resume: its tensors do not fit the model of this config: give the config of that run, or "
            "start from its weights with --model.weights FILE"
        ) from error


if __name__ == "__main__":
    sys.exit(exit_status(run))
