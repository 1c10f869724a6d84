"""Misspelt words are answered with the nearest right one."""

import pytest

from reid.errors import InputError
from reid.parsing import Parser, options_of
from reid.spelling import did_you_mean, nearest


def test_nothing_similar_is_no_suggestion() -> None:
    assert nearest("qqq", ["gradcam", "layercam"]) is None
    assert did_you_mean("unrecognized arguments: --qqq 3", ["--method"]) == ""


@pytest.mark.parametrize(
    ("message", "right"),
    [
        ("unrecognized arguments: --trainer.max_epoch 3", "--trainer.max_epochs"),
        ("Subcommand 'fit' does not accept option 'trainer.max_epoch'", "--trainer.max_epochs"),
        ("argument subcommand: invalid choice: 'doctr' (choose from 'fit', 'test')", "doctor"),
        ("argument --x: invalid choice: 'prserve' (choose from preserve, delete)", "preserve"),  # from Python 3.12 on
        ("Problem with given class_path 'reid.losses.TripletLoss': Option 'margn' is not accepted", "margin"),
        ("Problem with given class_path 'reid.losses.TripetLoss': module 'reid.losses' has no attribute 'TripetLoss'",
         "TripletLoss"),
    ],
)  # fmt: skip
def test_complaints_of_both_parsers_are_understood(message: str, right: str) -> None:
    import reid.losses  # noqa: F401 - its parser has imported it

    options, commands = ["--trainer.max_epochs", "--trainer.max_steps", "--config"], ["search", "doctor"]
    assert did_you_mean(message, options, commands) == f"; did you mean {right}?"


def test_a_class_that_was_never_imported_is_not_imported_for_a_hint() -> None:
    message = "Problem with given class_path 'antigravity.Flight': Option 'hight' is not accepted"
    assert did_you_mean(message) == ""


def test_a_parser_says_it_in_one_line_and_takes_no_abbreviation() -> None:
    flags = Parser("tool", "does something")
    flags.add_argument("--normalize", choices=("frame", "clip"))
    with pytest.raises(InputError, match=r"^unrecognized arguments: --normalise clip; did you mean --normalize\?; see"):
        flags.parse_args(["--normalise", "clip"])
    with pytest.raises(InputError, match=r"did you mean --normalize\?; see tool --help"):
        flags.parse_args(["--normal", "clip"])
    with pytest.raises(InputError, match=r"did you mean frame\?"):
        flags.parse_args(["--normalize", "frames"])


def test_options_of_commands_are_known_too() -> None:
    flags = Parser("tool", "does something")
    flags.add_argument("--config")
    flags.add_subparsers(parser_class=Parser).add_parser("fit").add_argument("--epochs")
    assert {"--config", "--epochs"} <= set(options_of(flags))
