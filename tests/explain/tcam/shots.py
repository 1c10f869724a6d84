"""Small shots for the tests of TCAM."""

from collections.abc import Iterator, Sequence

import torch

from reid.types import Frame


def batch(shots: Sequence[int], frames: Sequence[int], size: tuple[int, int] = (16, 16)) -> Frame:
    """Whole frames whose pixels depend on their place alone."""
    count = len(shots)
    places = torch.tensor([1000 * shot + frame for shot, frame in zip(shots, frames, strict=True)])
    noise = [torch.randint(256, (3, *size), generator=torch.Generator().manual_seed(int(place))) for place in places]
    return Frame(
        pixels=torch.stack(noise).to(torch.uint8),
        label=torch.tensor(shots) % 2,
        shot=torch.tensor(shots),
        frame=torch.tensor(frames),
        window=torch.tensor([[0.0, 0.0, 1.0, 1.0]]).expand(count, -1),
        flipped=torch.zeros(count, dtype=torch.bool),
        boxes=torch.tensor([[[2.0, 3.0, 9.0, 12.0]]]).expand(count, -1, -1),
        mask=torch.full((count, *size), 255, dtype=torch.uint8),
    )


class TwoShots:
    """Two shots of three frames and two, in batches of two."""

    size = (16, 16)
    shot_lengths = (3, 2)

    def every_frame(self) -> Iterator[Frame]:
        for shots, frames in (([0, 0], [0, 1]), ([0, 1], [2, 0]), ([1], [1])):
            yield batch(shots, frames)
