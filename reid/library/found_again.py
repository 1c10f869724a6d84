"""Who stands first for a query: as a table, as JSON, as a picture."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import cv2
import numpy as np
from numpy.typing import NDArray

from reid.errors import InputError
from reid.library.features import StoredFeatures
from reid.library.folder import new_folder
from reid.library.nearest import rank
from reid.writing import write_whole

FRAMES: Final = 6
"""Pictures of a tracklet in a strip."""

_LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """What stands first for one query.

    Attributes:
        query: its name.
        source: where it lies.
        places: in the gallery, nearest first, without the query itself.
        distances: of these.
        names: of these.
    """

    query: str
    source: str
    places: tuple[int, ...]
    distances: tuple[float, ...]
    names: tuple[str, ...]


def listings(query: StoredFeatures, gallery: StoredFeatures, top: int) -> list[Listing]:
    """Rank the gallery for every query; a query that is itself in the gallery (by its path) is not listed.

    Args:
        query: who is asked for.
        gallery: who is looked at.
        top: how many are listed of each.

    Raises:
        InputError: the features are of two models.
    """
    ranked = rank(query, gallery, top + 1)
    found = []
    rows = zip(query.names, query.sources, ranked.order.tolist(), ranked.distances.tolist(), strict=True)
    for name, source, order, distances in rows:
        others = [
            (place, distance)
            for place, distance in zip(order, distances, strict=True)
            if not source or gallery.sources[place] != source
        ][:top]
        places = tuple(place for place, _ in others)
        names = tuple(gallery.names[place] for place in places)
        found.append(Listing(name, source, places, tuple(distance for _, distance in others), names))
    return found


def table(listing: Listing) -> str:
    """A few lines.

    >>> print(table(Listing("walk.mp4", "", (4, 1), (0.125, 0.5), ("0004", "0001"))))
    walk.mp4
     1  0.1250  0004
     2  0.5000  0001
    """
    rows = enumerate(zip(listing.distances, listing.names, strict=True), 1)
    return "\n".join([listing.query, *(f"{place:2}  {distance:.4f}  {name}" for place, (distance, name) in rows)])


def write_listings(output: Path, ranked: Sequence[Listing], gallery: StoredFeatures) -> None:
    """Write `ranked.json` and a picture for each query into a folder, which appears when it is whole.

    Raises:
        InputError: it exists already or cannot be written, or frames cannot be read.
    """
    with new_folder(output) as folder:
        about = {"model": gallery.model, "model_sha256": gallery.model_sha256, "distance": gallery.distance}
        said = [
            {
                "query": listing.query,
                "source": listing.source,
                "ranked": [
                    {
                        "rank": number,
                        "name": gallery.names[place],
                        "distance": distance,
                        "source": gallery.sources[place],
                    }
                    for number, (place, distance) in enumerate(zip(listing.places, listing.distances, strict=True), 1)
                ],
            }
            for listing in ranked
        ]
        write_whole(folder / "ranked.json", json.dumps({**about, "queries": said}, indent=2) + "\n")
        for number, listing in enumerate(ranked):
            drawn = cv2.cvtColor(picture(listing, gallery), cv2.COLOR_RGB2BGR)
            write_whole(folder / f"{_stem(listing.query, number)}.png", cv2.imencode(".png", drawn)[1].tobytes())


def _stem(query: str, number: int) -> str:
    """A name for a file; a long one is cut and numbered, since file systems take 255 bytes."""
    quoted = quote(query, safe="")
    return quoted if len(quoted) <= _LONGEST else f"{quoted[:_LONGEST]}-{number}"


def picture(listing: Listing, gallery: StoredFeatures) -> NDArray[np.uint8]:
    """The query above, a strip of frames for each tracklet below, [H,W,3] RGB.

    A tracklet that does not lie any more where it was embedded has a grey strip.

    Raises:
        InputError: a frame is damaged.
    """
    from reid.ranked.strip import Band, stack  # late: its package imports Lightning

    return stack([Band(pictures, verdict, words) for pictures, verdict, words in _bands(listing, gallery)])


def _bands(
    listing: Listing, gallery: StoredFeatures
) -> Iterator[tuple[Sequence[NDArray[np.uint8]], str, Sequence[str]]]:
    yield _pictures(listing.source), "query", [listing.query, "query"]
    for number, (place, distance) in enumerate(zip(listing.places, listing.distances, strict=True), 1):
        words = [gallery.names[place], f"rank {number}", f"distance {distance:.3f}"]
        yield _pictures(gallery.sources[place]), "found", words


def _pictures(source: str) -> Sequence[NDArray[np.uint8]]:
    from reid.video import sample_evenly

    try:
        return list(sample_evenly(Path(source), FRAMES).frames) if source else [_nothing()]
    except InputError:
        return [_nothing()]


def _nothing() -> NDArray[np.uint8]:
    return np.full((112, 56, 3), 200, np.uint8)
