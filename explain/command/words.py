"""Words of the command line as values."""

import argparse


def words(text: str) -> tuple[str, ...]:
    """Words with commas between them, each once.

    >>> words("layer3,layer4,layer3")
    ('layer3', 'layer4')
    """
    found = tuple(dict.fromkeys(text.split(",")))
    if not all(found):
        raise argparse.ArgumentTypeError(f"{text!r}: a name is missing before or behind a comma")
    return found


def shares(text: str) -> tuple[float, ...]:
    """Shares between 0 and 1, with commas between them, each once.

    >>> shares("0.1,.2")
    (0.1, 0.2)
    """
    try:
        found = tuple(dict.fromkeys(map(float, text.split(","))))
    except ValueError:
        found = ()
    if not found or not all(0 < share < 1 for share in found):
        raise argparse.ArgumentTypeError(f"{text!r}: expected shares between 0 and 1, with commas")
    return found
