"""Why a model decides what it decides: attribution of any score on whole tracklets.

A *target* (`explain.targets`) picks the score, an *explainer* (`explain.cam`) maps it onto the clip as a raw signed
map, an *overlay* (`explain.overlay`) draws the map, a *sink* (`explain.sinks`) keeps it, and a *metric*
(`explain.metrics`) judges it. `explain.callback` does all of it during validation, `explain.command` from the command
line. `from explain import explain` is all of it as one call, for programs (`explain.library`).

Nothing is imported until it is asked for: `explain.py --help` must not wait for torch.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explain.library import explain
else:

    def __getattr__(name: str) -> object:
        """Import what a program asks this package for."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from explain import library

        return getattr(library, name)


__all__ = ["explain"]
