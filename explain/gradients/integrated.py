"""Integrated gradients: what each place adds to the score on the way from a clip without evidence."""

import torch
from torch import Tensor
from typing_extensions import override

from explain.copies import Progress, Tally, check_batch_size, score
from explain.core import Explainable, Explainer, Note
from explain.gradients.backward import answer, check_reached, pixel_gradient, reached
from explain.gradients.completeness import CompletenessError, completed, completeness_error
from explain.gradients.quadrature import gauss_legendre
from explain.gradients.released import released
from explain.gradients.start import Start, starting
from explain.targets import Target, narrow, settle
from reid.errors import InputError


class IntegratedGradients(Explainer):
    """sum_c (x_c - b_c) * the integral of dS/dx_c on the straight line from b to x (Sundararajan et al. 2017, eq. 1).

    The map (arXiv 1703.01365) has the clip's own grid and adds up to S(x) - S(b), the change of the score from the
    baseline b to the clip x. The integral is that of Gauss-Legendre nodes. If these miss more than `tolerance` of the
    change, what they miss is shared out over the map (`explain.gradients.completeness.completed`). `note` is told both
    each time, in units of the score and by the size of the change: "integration_error", what the nodes miss, and
    "completeness_error", what the map misses ("..._relative").

    The gradient of a trained network of ReLUs jumps all along the line, and what speaks for a score and against it adds
    up to hundreds of times the change. So 20 nodes may miss some hundredths of the change though the map hardly moves
    with more of them: of a trained I3D on eight real clips, .4 to 18 % of the change from black (1 to 7 % from the
    blurred clip), which is .05 % of the absolute map or less (.12 %): so little is what every place gives or gets.

    What a target holds constant in its gradient is not held here: see `explain.gradients.released`.

    Args:
        baseline: "black", the "mean" colour of the training data, the clip out of focus ("blur"), a clip of one's own
            [3,T,H,W] or [B,3,T,H,W] as `model.preprocess` gives them, or a function that makes one of the clip. A place
            where the clip is equal to its baseline gets nothing, so black cannot speak for dark clothes.
        steps: nodes of the integral, each of which costs a forward and a backward pass. Memory does not depend on it.
        batch_size: clips of the line in a forward pass.
        tolerance: share of the change that a map may miss; `math.inf` leaves the plain sum over the nodes.
        note: is told the errors.
        progress: is told how many clips of the lines are done and how many there are.

    Raises:
        InputError: `steps` or `batch_size` is less than 1.
    """

    def __init__(
        self,
        baseline: Start = "black",
        steps: int = 20,
        batch_size: int = 4,
        tolerance: float = 0.01,
        note: Note | None = None,
        progress: Progress | None = None,
    ) -> None:
        check_batch_size(batch_size)
        if steps < 1:
            raise InputError(f"steps {steps}: expected 1 or more nodes of the integral, 20 for example")
        self.baseline: Start = baseline
        self.steps = steps
        self.batch_size = batch_size
        self.tolerance = tolerance
        self.note = note
        self.progress = progress

    @override
    def attribute(self, model: Explainable, pixels: Tensor, target: Target) -> Tensor:
        starts = starting(self.baseline, model.backbone.preprocess)(pixels)
        output = answer(model, pixels)
        settled = released(settle(target, output))
        change = score(settled, output) - score(settled, answer(model, starts))
        tally = Tally(self.progress, len(pixels) * self.steps)
        lines = enumerate(zip(starts, pixels, strict=True))
        found = [self._along(model, start, end, narrow(settled, clip), tally) for clip, (start, end) in lines]
        check_reached(torch.stack([alive for _, alive in found]))
        raw = torch.stack([one for one, _ in found])
        missed = completeness_error(raw, change)
        poor = (missed.relative > self.tolerance)[:, None, None, None]
        maps = torch.where(poor, completed(raw, change), raw)
        self._tell("integration", missed)
        self._tell("completeness", completeness_error(maps, change))
        return maps

    def _along(
        self, model: Explainable, start: Tensor, end: Tensor, target: Target, tally: Tally
    ) -> tuple[Tensor, Tensor]:
        """Integrate from one clip [3,T,H,W] to another; few clips of the line exist at a time.

        Returns:
            The map [T,H,W], and whether any gradient came back, [].
        """
        way = end.float() - start.float()
        total, alive = torch.zeros_like(way), torch.zeros((), dtype=torch.bool, device=way.device)
        nodes = torch.stack(gauss_legendre(self.steps)).to(way).view(2, -1, 1, 1, 1, 1)
        for places, weights in torch.split(nodes, self.batch_size, dim=1):
            gradient = pixel_gradient(model, (start.float() + places * way).to(end.dtype), target)
            total += (weights * gradient).sum(0)
            alive |= reached(gradient).any()
            tally.add(len(places))
        return (total * way).sum(0), alive

    def _tell(self, what: str, error: CompletenessError) -> None:
        """Say by how much the maps miss, or the nodes."""
        if self.note is not None:
            self.note(f"{what}_error", error.absolute.tolist())
            self.note(f"{what}_error_relative", error.relative.tolist())
