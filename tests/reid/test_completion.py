"""The script that completes options does so in bash."""

import shutil
import subprocess

import pytest

from reid.completion import completion

BASH = shutil.which("bash")


@pytest.mark.skipif(BASH is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["tool.py", "f"], "fit"),
        (["tool.py", "fit", "--ep"], "--epochs"),
        (["tool.py", "fit", "--epochs", "3", "--ro"], "--root"),
        (["tool.py", "test", "--ep"], ""),
        (["tool.py", "--co"], "--config"),
        (["tool.py", "--config", "x", "--co"], "--config"),
    ],
)
def test_bash_completes_commands_and_their_options(words: list[str], found: str) -> None:
    script = completion("tool.py", {"fit": ["--epochs", "--root"], "test": ["--root"], "": ["--config"]})
    asked = f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _complete_tool_py; echo ${{COMPREPLY[*]}}"
    done = subprocess.run([str(BASH), "-c", script + asked], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == found
