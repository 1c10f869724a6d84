"""Which methods could not explain what, and why."""

from explain.reader import Refusals


class LeftOut:
    """Collects refusals for the end of a command: each reason once, and where it held unless that is everywhere.

    >>> from reid.errors import InputError
    >>> left_out, no_attention = LeftOut(), {"rollout": InputError("a CNN has no attention")}
    >>> left_out.note("query a", no_attention)
    >>> left_out.note("against b", {"gradcam": InputError("the gradient is zero"), **no_attention})
    >>> left_out.lines()
    ['left out: rollout: a CNN has no attention', 'left out of against b: gradcam: the gradient is zero']
    """

    def __init__(self) -> None:
        self._asked = 0
        self._places: dict[tuple[str, str], list[str]] = {}

    def note(self, place: str, refusals: Refusals) -> None:
        """Write down which methods refused to explain something."""
        self._asked += 1
        for method, reason in refusals.items():
            self._places.setdefault((method, str(reason)), []).append(place)

    def lines(self) -> list[str]:
        """One line for each method and reason."""
        return [
            f"left out{'' if len(places) == self._asked else ' of ' + ', '.join(places)}: {method}: {reason}"
            for (method, reason), places in self._places.items()
        ]
