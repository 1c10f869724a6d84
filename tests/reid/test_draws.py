"""The hash that seeds every random choice."""

import torch

from reid.draws import seed_of


def test_golden_numbers() -> None:
    assert seed_of(7, 0) == 6075273303610696744
    assert seed_of(7, 1) == 6075276602145581377
    assert seed_of(7, 1, 0, 3) == 627619732285901228


def test_a_seed_fits_a_generator_and_the_order_counts() -> None:
    for numbers in [(), (0,), (2**31,), (-1, 5), (1, 2, 3)]:
        assert 0 <= seed_of(*numbers) < 2**63
        torch.Generator().manual_seed(seed_of(*numbers))
    assert seed_of(1, 2) != seed_of(2, 1)


def test_no_two_clips_of_ten_epochs_of_mars_share_the_32_bits_that_torch_keeps() -> None:
    seeds = [
        seed_of(0, epoch, batch, place) % 2**32 for epoch in range(10) for batch in range(235) for place in range(32)
    ]
    assert len(set(seeds)) == len(seeds)


def test_first_draws_are_uniform_and_unrelated() -> None:
    draws = torch.tensor(
        [float(torch.rand((), generator=torch.Generator().manual_seed(seed_of(0, 0, 0, i)))) for i in range(4000)]
    )
    assert abs(draws.mean() - 0.5) < 0.02
    assert abs(draws.std() - 12**-0.5) < 0.01
    assert abs(torch.corrcoef(torch.stack([draws[:-1], draws[1:]]))[0, 1]) < 0.06
