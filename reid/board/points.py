"""Few of many embeddings, in few dimensions, each with a thumbnail."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reid.errors import InputError
from reid.image import read_image
from reid.types import Tracklet

_WHITE: Final = 255  # the projector multiplies pictures by the colour of a group: grey would hide it


def spread(persons: Sequence[int], most: int) -> list[int]:
    """Choose places evenly over persons, and evenly within the list of each; ascending.

    Nobody gets a second place before all have one; persons that are too many are left out evenly.

    >>> spread([7, 7, 7, 7, 8, 9, 9], 5)
    [0, 2, 4, 5, 6]
    """
    rounds, owned = defaultdict[int, list[int]](list), defaultdict[int, list[int]](list)
    for place, person in enumerate(persons):
        rounds[len(owned[person])].append(person)
        owned[person].append(place)
    shares, room = Counter[int](), most
    for _, asking in sorted(rounds.items()):
        given = min(room, len(asking))
        shares.update(_evenly(asking, given))
        room -= given
    return sorted(place for person, share in shares.items() for place in _evenly(owned[person], share))


def _evenly(places: Sequence[int], count: int) -> list[int]:
    """Choose some of a list.

    >>> _evenly([4, 5, 6, 7], 2)
    [4, 6]
    """
    return [places[turn * len(places) // count] for turn in range(count)]


def reduce(vectors: Tensor, dimensions: int) -> Tensor:
    """Turn vectors [N,D] into their principal axes if they are wider than asked: [N,dimensions], centred.

    Exact and without random numbers; of each axis the largest component is positive (Jolliffe 2002, section 3.5).

    >>> reduce(torch.tensor([[3.0, 0.0], [1.0, 0.1], [-4.0, -0.1]]), 1).round(decimals=1).flatten().tolist()
    [3.0, 1.0, -4.0]
    """
    if vectors.shape[1] <= dimensions:
        return vectors
    centred = vectors.double() - vectors.double().mean(0)
    wide = len(centred) < centred.shape[1]
    _, found = torch.linalg.eigh(centred @ centred.T if wide else centred.T @ centred)
    axes = found.flip(1)[:, :dimensions]  # `eigh` counts upwards
    if wide:
        axes = centred.T @ axes
        axes = axes / axes.norm(dim=0).clamp(min=1e-12)
    signs = axes.gather(0, axes.abs().argmax(0, keepdim=True)).sign()
    nearest: Tensor = centred @ (axes * signs)
    return nearest.float()


def thumbnail(tracklet: Tracklet, size: int) -> NDArray[np.uint8]:
    """Draw the middle frame of a tracklet within a white square [size,size,3]; a broken one leaves it empty."""
    square = np.full((size, size, 3), _WHITE, np.uint8)
    try:
        picture = read_image(tracklet.frames[len(tracklet) // 2])
    except InputError:
        return square
    scale = size / max(picture.shape[:2])
    height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
    top, left = (size - height) // 2, (size - width) // 2
    square[top : top + height, left : left + width] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return square
