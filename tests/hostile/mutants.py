"""Bytes, texts, names and values that are not what a command expects; the same for the same generator."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.random import Generator

Mutate = Callable[[bytearray, Generator], bytearray]


def _place(data: bytearray, generator: Generator) -> int:
    """Somewhere; every other time in the header."""
    end = len(data) if generator.random() < 0.5 else min(len(data), 200)
    return int(generator.integers(0, max(end, 1)))


def cut(data: bytearray, generator: Generator) -> bytearray:
    return data[: _place(data, generator)]


def behead(data: bytearray, generator: Generator) -> bytearray:
    return data[_place(data, generator) :]


def flip(data: bytearray, generator: Generator) -> bytearray:
    for _ in range(int(generator.integers(1, 9))):
        if data:
            data[_place(data, generator)] ^= 1 << int(generator.integers(8))
    return data


def wipe(data: bytearray, generator: Generator) -> bytearray:
    start, length = _place(data, generator), int(generator.integers(1, 200))
    data[start : start + length] = bytes([int(generator.choice([0, 255]))]) * len(data[start : start + length])
    return data


def noise(data: bytearray, generator: Generator) -> bytearray:
    start, length = _place(data, generator), int(generator.integers(1, 60))
    data[start : start + length] = generator.bytes(len(data[start : start + length]))
    return data


def insert(data: bytearray, generator: Generator) -> bytearray:
    start = _place(data, generator)
    return data[:start] + bytearray(generator.bytes(int(generator.integers(1, 40)))) + data[start:]


def drop(data: bytearray, generator: Generator) -> bytearray:
    start = _place(data, generator)
    return data[:start] + data[start + int(generator.integers(1, 200)) :]


def repeat(data: bytearray, generator: Generator) -> bytearray:
    start = _place(data, generator)
    return data[:start] + data[max(0, start - int(generator.integers(1, 300))) :]


def swap(data: bytearray, generator: Generator) -> bytearray:
    first, second = sorted((_place(data, generator), _place(data, generator)))
    return data[second:] + data[first:second] + data[:first]


def largest(data: bytearray, generator: Generator) -> bytearray:
    """A length or a count that is as large as it can be."""
    start = _place(data, generator)
    data[start : start + 4] = b"\xff\xff\xff\x7f"[: len(data[start : start + 4])]
    return data


def append(data: bytearray, generator: Generator) -> bytearray:
    return data + bytearray(generator.bytes(int(generator.integers(1, 400))))


MUTATIONS: Final[tuple[Mutate, ...]] = (
    cut,
    behead,
    flip,
    wipe,
    noise,
    insert,
    drop,
    repeat,
    swap,
    largest,
    append,
)


def damaged(data: bytes, generator: Generator) -> bytes:
    """One or two mutations."""
    changed = bytearray(data)
    for _ in range(int(generator.integers(1, 3))):
        changed = MUTATIONS[int(generator.integers(len(MUTATIONS)))](changed, generator)
    return bytes(changed)


WORDS: Final = (
    *("", " ", "-1", "0", "1", "2", "3.5", "1e400", "-inf", "nan", "99999999999999999999", "1e-9", "0x10", "1_0"),
    *("true", "null", "None", "~", "[]", "{}", "[1", "{a", "[[[[", "!!python/name:os.system ''", "&a [*a]"),
    *(
        "a,b",
        ",",
        "..",
        "../..",
        "/",
        "/dev/null",
        "/proc/self/mem",
        "\u00e4\u4e2d\U0001f600",
        "a\nb",
        "a\tb",
        "%s",
        "{0}",
        "\\",
    ),
    *("x" * 300, "--help_", "2020-99-99", "1:2:3", "=", "*", "?", "0o9", "<html>", "'", '"', "$HOME", "all", "cpu"),
)
"""What people and programs put where something else belongs."""


def word(generator: Generator) -> str:
    """One of `WORDS`."""
    return str(WORDS[int(generator.integers(len(WORDS)))])


def lines_damaged(text: str, generator: Generator) -> str:
    """Lines left out, doubled, swapped, cut or replaced by words."""
    lines = text.split("\n")
    for _ in range(int(generator.integers(1, 4))):
        place = int(generator.integers(len(lines)))
        other = int(generator.integers(len(lines)))
        start = lines[place].partition(":")[0]
        lines[place] = str(
            generator.choice(
                np.array(
                    [
                        "",
                        lines[place] * 2,
                        lines[other],
                        lines[place][: len(lines[place]) // 2],
                        f"{start}: {word(generator)}",
                        f" {lines[place]}",
                        f"\t{lines[place]}",
                    ],
                    dtype=object,
                )
            )
        )
    return "\n".join(lines)
