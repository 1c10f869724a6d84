"""An option that nothing would heed is refused in one line, which names it, what was given and what to do."""

import pytest

from explain.command.cli import main, parser
from explain.command.evaluate_cli import parser as judging
from explain.command.idle import CHOICES, PARTNERS, RIVALS
from explain.command.model_flags import OF_ACTIONS, OF_PEOPLE
from explain.command.names import ALL_CHANNELS, METHODS
from reid.errors import exit_status
from reid.parsing import options_of

CLIP = ["--tracklet", "nowhere", "--checkpoint", "nowhere.ckpt"]
QUERY = ["--query", "x", "--config", "nowhere.yaml", "--checkpoint", "nowhere.ckpt"]
JUDGED = ["evaluate", "--config", "nowhere.yaml", "--checkpoint", "nowhere.ckpt"]
VALUES = {
    "temporal": ["clip"],
    "layers": ["trunk.layer4"],
    "baseline": ["blur"],
    "perturb_area": ["0.2"],
    "perturb_mode": ["dual"],
    "perturb_reward": ["score"],
    "gate": ["--tcam", "nowhere.ckpt"],
}
ALWAYS = {
    *("help", "video", "tracklet", "checkpoint", "model", "output", "overwrite", "method", "frames", "bf16", "device"),
    *("normalize", "polarity", "tcam", "queries", "unit", "blank", "thorough", "config"),
}
"""Options that are heeded whatever else is asked, or without which there is no question."""


def complaint(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a command line ends with."""
    assert exit_status(lambda: main(words)) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    return told


def test_every_option_is_accounted_for() -> None:
    """A new one has to be decided upon: it is always heeded, or stands in a table."""
    known = ALWAYS | {*OF_ACTIONS, *OF_PEOPLE} | {choice.option for choice in CHOICES}
    known |= {partners.option for partners in PARTNERS} | {name for rivals in RIVALS for name in rivals.some}
    found = {option.removeprefix("--") for one in (parser(), judging()) for option in options_of(one)} - {"-h"}
    assert found <= known, found - known
    assert {name for choice in CHOICES for name in choice.methods} <= {*METHODS, ALL_CHANNELS}


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.option)
def test_a_choice_of_another_method_is_refused(
    choice: tuple[str, tuple[str, ...], str], capsys: pytest.CaptureFixture[str]
) -> None:
    option, takers, _ = choice
    words = [f"--{option}", *VALUES.get(option, ["2"])]
    for start, others in ((CLIP, "centre,tcam"), (JUDGED, "random,tcam")):
        told = complaint([*start, *words, "--method", others], capsys)
        assert told.startswith(f"error: --{option} is a choice of ")
        assert f"but --method {others} was given: give --method {others},{takers[0]}, or leave --{option} out" in told
        assert "nowhere" in complaint([*start, *words, "--method", f"centre,{takers[-1]}"], capsys)
    if option != "gate":  # the usual methods can be gated
        assert f"but no --method was given: give --method {takers[0]}, or" in complaint([*CLIP, *words], capsys)


@pytest.mark.parametrize("option", ["temporal", "layers", "scorecam_channels", "scorecam_batch_size", "ig_steps"])
def test_all_has_every_method_that_it_runs(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = [f"--{option}", *VALUES.get(option, ["2"])]
    for line in ([*CLIP, *words, "--method", "all"], [*JUDGED, *words]):
        assert "nowhere" in complaint(line, capsys)


def test_all_has_no_method_of_minutes(capsys: pytest.CaptureFixture[str]) -> None:
    told = complaint([*CLIP, "--method", "all", "--num_iter", "3"], capsys)
    assert "but --method all was given: give --method all,3d_ep, or leave --num_iter out" in told


def test_the_usual_methods_can_be_gated(capsys: pytest.CaptureFixture[str]) -> None:
    assert "error: nowhere" in complaint([*CLIP, "--tcam", "nowhere.ckpt", "--gate"], capsys)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*CLIP, "--top", "3"], "--top goes with --query"),
        ([*CLIP, "--root", "x"], "--root goes with --query or --mistakes"),
        ([*CLIP, "--instead_of", "x"], "--instead_of goes with --against"),
        ([*QUERY, "--against", "x"], "--against goes with --video or --tracklet"),
        (["--mistakes", "1", *QUERY[2:], "--top", "3"], "--top goes with --query"),
        (["--query", "x", *CLIP[2:]], "--query goes with --config"),
        (["--mistakes", "1", *CLIP[2:]], "--mistakes goes with --config"),
        (["--videos_dir", "x", "--model", "r3d", "--tensorboard", "y"], "--tensorboard goes with --video"),
        ([*CLIP, "--against", "x", "--finer"], "--finer and --against contradict each other"),
        ([*CLIP, "--against", "x", "--score", "logit"], "--score and --against contradict each other"),
        ([*QUERY, "--target_id", "1"], "--target_id and --query contradict each other"),
    ],
)
def test_an_option_without_its_partner_or_beside_a_rival(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in complaint(words, capsys)
