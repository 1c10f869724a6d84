"""Labels of a test set the size of MARS: the real ones where they are at hand.

REIDLENS_DATA names a folder with `mars_info`, the info files of MARS; without it people and cameras are drawn.
"""

import os
from pathlib import Path

import torch

from datasets.matlab import read_table
from reid.ranking import Labels

QUERIES, GALLERY, WIDTH = 1980, 11_310, 2048
_PEOPLE, _CAMERAS, _STRANGERS = 626, 6, 0.35
_INFO = Path(os.environ.get("REIDLENS_DATA", "no-data")) / "mars_info"


def mars_labels() -> tuple[Labels, Labels]:
    """Who is on the queries and on the gallery, and where, under the official protocol."""
    if not _INFO.is_dir():
        return _drawn(1, QUERIES, 0.0), _drawn(2, GALLERY, _STRANGERS)
    rows = torch.from_numpy(read_table(_INFO / "tracks_test_info.mat", "track_test_info", columns=4))
    queries = rows[torch.from_numpy(read_table(_INFO / "query_IDX.mat", "query_IDX").ravel()) - 1]
    gallery = rows[rows[:, 2] >= 0]  # -1 is junk
    return Labels(queries[:, 2], queries[:, 3]), Labels(gallery[:, 2], gallery[:, 3])


def _drawn(seed: int, count: int, strangers: float) -> Labels:
    """People under cameras; a share of them is the person nobody asks for."""
    draw = torch.Generator().manual_seed(seed)
    person = torch.randint(1, _PEOPLE + 1, (count,), generator=draw)
    person[torch.rand(count, generator=draw) < strangers] = 0
    return Labels(person, torch.randint(_CAMERAS, (count,), generator=draw))
