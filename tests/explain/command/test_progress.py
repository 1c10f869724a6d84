"""Progress is told on a terminal, and in a log now and then."""

import io
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

from explain.command import progress
from explain.command.progress import Bar, Lines, reporting
from tests.explain.command.asking import run


def test_a_log_has_at_most_one_line_in_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now, log = [100.0], io.StringIO()
    monkeypatch.setattr(progress, "EVERY", 10.0)
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    lines = Lines(log)
    for second in range(35):
        now[0] = 100.0 + second
        if second % 12 == 0:
            lines.say(f"query {second // 12}")
        lines.count(second, 35)
    assert log.getvalue().splitlines() == [
        "10 s: query 0, 10 of 35",
        "20 s: query 1, 20 of 35",
        "30 s: query 2, 30 of 35",
    ]


def test_lines_go_to_standard_error_if_that_is_no_terminal(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "EVERY", 0.0)
    run(files, tmp_path / "out", "--method", "scorecam", "--scorecam_channels", "2", "--scorecam_batch_size", "1")
    printed = capsys.readouterr()
    assert any(line.endswith(": loading model.ckpt") for line in printed.err.splitlines())
    assert any("why class" in line and line.endswith(", 2 of 3") for line in printed.err.splitlines())
    assert "2 of 3" not in printed.out


def test_a_terminal_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(progress, "Console", partial(Console, file=screen, force_terminal=True))
    with reporting() as reporter:
        assert isinstance(reporter, Bar)
        reporter.say("embedding")
        reporter.count(3, 4)
    assert "embedding" in screen.getvalue()
