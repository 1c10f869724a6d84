"""How a command line ends."""

import pytest

from reid.errors import InputError, exit_status


def raising(error: BaseException, cause: BaseException | None = None) -> int:
    def main() -> None:
        raise error from cause

    return exit_status(main)


WORKER = """Caught InputError in DataLoader worker process 0.
Original Traceback (most recent call last):
  File "somewhere.py", line 3, in read
reid.errors.InputError: frame x.jpg is cut off"""


@pytest.mark.parametrize(
    ("error", "cause", "status", "line"),
    [
        (InputError("frame x.jpg\nis cut off"), None, 2, "error: frame x.jpg is cut off"),
        (InputError(WORKER), None, 2, "error: frame x.jpg is cut off"),
        (ValueError("of a parser"), InputError("root: no such folder"), 2, "error: root: no such folder"),
        (FileExistsError(17, "File exists", "runs"), None, 2, "error: [Errno 17] File exists: 'runs'"),
        (FloatingPointError("the loss is not finite"), None, 3, "error: the loss is not finite"),
        (KeyboardInterrupt(), None, 130, "error: interrupted"),
    ],
)
def test_one_line_and_a_status(
    error: BaseException, cause: BaseException | None, status: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert raising(error, cause) == status
    assert capsys.readouterr().err == line + "\n"


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ValueError, match="a bug"):
        raising(ValueError("a bug"))
    with pytest.raises(KeyError):
        raising(KeyError("a bug"))


def test_debugging_keeps_every_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REIDLENS_DEBUG", "1")
    with pytest.raises(InputError):
        raising(InputError("a mistake"))


def test_done() -> None:
    assert exit_status(lambda: None) == 0
