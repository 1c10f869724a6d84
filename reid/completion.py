"""Completion of options in bash and zsh, without waiting for an import of torch at every press of a key."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

_FUNCTION: Final = """\
# {program}: source this in bash, or in zsh after `autoload bashcompinit && bashcompinit`.
_complete_{name}() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" known=""
    case "${{COMP_WORDS[1]}}" in
{cases}
    *) known="{commands}" ;;
    esac
    [ "$COMP_CWORD" -eq 1 ] && known="{commands}"
    COMPREPLY=($(compgen -W "$known" -- "$current"))
}}
complete -o default -F _complete_{name} {program} ./{program}
"""


def completion(program: str, options: Mapping[str, Iterable[str]]) -> str:
    """A script for bash and zsh that completes commands, their options, and else the names of files.

    Args:
        program: such as `train.py`, which must be what is typed: `./train.py fit --tr`.
        options: of each command, such as `--config`; those of a program without a command are under "".

    >>> print(completion("tool.py", {"fit": ["--epochs"], "": ["--config"]}))
    # tool.py: source this in bash, or in zsh after `autoload bashcompinit && bashcompinit`.
    _complete_tool_py() {
        local current="${COMP_WORDS[COMP_CWORD]}" known=""
        case "${COMP_WORDS[1]}" in
        fit) known="--epochs" ;;
        *) known="fit --config" ;;
        esac
        [ "$COMP_CWORD" -eq 1 ] && known="fit --config"
        COMPREPLY=($(compgen -W "$known" -- "$current"))
    }
    complete -o default -F _complete_tool_py tool.py ./tool.py
    <BLANKLINE>
    """
    words = {name: " ".join(sorted(own)) for name, own in options.items()}
    usual = words.pop("", "")
    cases = "\n".join(f'    {name}) known="{own}" ;;' for name, own in words.items())
    return _FUNCTION.format(
        program=program,
        name=re.sub(r"\W", "_", program),
        cases=cases,
        commands=" ".join([*words, usual]).strip(),
    )
