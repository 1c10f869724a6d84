"""Video person re-identification: models, losses, ranking and metrics.

`from reid import load_model` is where a program that uses a trained model begins; see `reid.library`. Nothing is
imported until it is asked for: `python -m reid.embed --help` must not wait for torch.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reid.library import load_model
else:

    def __getattr__(name: str) -> object:
        """Import what a program asks this package for."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from reid import library

        return getattr(library, name)


__all__ = ["load_model"]
