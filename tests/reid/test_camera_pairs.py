"""The table of camera pairs against rankings of galleries that hold one camera only."""

import pytest
import torch

from reid.camera_pairs import rank_camera_pairs
from reid.labels import Labels
from reid.ranking import rank


def test_a_cell_is_the_ranking_of_one_camera_for_the_queries_of_another() -> None:
    draw = torch.Generator().manual_seed(0)
    query, gallery = torch.randn(20, 4, generator=draw), torch.randn(60, 4, generator=draw)
    asked = Labels(torch.arange(20) % 7, torch.arange(20) % 3)
    offered = Labels(torch.arange(60) % 8, torch.randint(4, (60,), generator=draw))
    cells = rank_camera_pairs(query, gallery, asked, offered, "euclidean", "trapezoid")
    assert {cell[:2] for cell in cells} <= {(here, there) for here in range(3) for there in range(4) if here != there}
    for cell in cells:
        here, there = asked.camera == cell.query_camera, offered.camera == cell.gallery_camera
        alone = rank(
            query[here],
            gallery[there],
            Labels(asked.person[here], asked.camera[here]),
            Labels(offered.person[there], offered.camera[there]),
            "euclidean",
            "trapezoid",
        )
        assert cell.mean_average_precision == pytest.approx(alone.mean_average_precision)
        assert cell.first == pytest.approx(alone.cmc(1))
        assert cell.queries == int(alone.valid.sum())


def test_pairs_without_a_match_are_left_out() -> None:
    labels = Labels(torch.tensor([1, 1, 2]), torch.tensor([0, 1, 2]))
    cells = rank_camera_pairs(torch.eye(3), torch.eye(3), labels, labels)
    assert [cell[:2] for cell in cells] == [(0, 1), (1, 0)]
