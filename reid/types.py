"""The vocabulary of the house: what travels from disk to heat map.

Shape letters, used everywhere: B clips, C channels, T frames, H height, W width, D embedding width, K identities.

Data flows one way: disk -> Tracklet -> Clip -> Features -> Output -> loss / metric / target -> map -> sink.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Tracklet:
    """One person crossing one camera.

    Attributes:
        folder: directory that holds the frames.
        names: file names below `folder`, in the order of time.
        person: identity; 0 and above. A distractor is a person nobody asks for.
        camera: number of the camera; the same person under the same camera is never counted as a match.
        name: short name for reports and file names, unique in its benchmark.

    >>> Tracklet(Path("0001"), ("a.jpg", "b.jpg"), person=1, camera=2, name="0001C2T0001").frames[1].as_posix()
    '0001/b.jpg'
    """

    folder: Path
    names: tuple[str, ...]
    person: int
    camera: int
    name: str

    @property
    def frames(self) -> tuple[Path, ...]:
        """Paths of the frames, in the order of time."""
        return tuple(self.folder / name for name in self.names)

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.names)


class Clip(NamedTuple):
    """T frames of a tracklet, or a batch of B such clips (a NamedTuple collates and moves to the device by itself)."""

    pixels: Tensor
    """[B,3,T,H,W] uint8, RGB: workers send bytes, the model's `preprocess` makes floats on the device."""
    person: Tensor
    """[B] class index 0..K-1 in training, identity in evaluation."""
    camera: Tensor
    """[B] camera number."""
    tracklet: Tensor
    """[B] index of the tracklet in its list (training set, or the test set's unique tracklets)."""
    part: Tensor
    """[B] which clip of the tracklet this is: 0 .. clips-1."""
    erased: Tensor
    """[B,T] bool, whether random erasing touched the frame."""
    replaced: Tensor
    """[B] number of frames that did not decode and were replaced by a neighbour; 0 unless the user allows it."""


class Features(NamedTuple):
    """What a backbone computes from normalised pixels."""

    map: Tensor
    """[B,C,T,H,W] last feature map, at the layer's own grid."""
    embedding: Tensor
    """[B,D] before any neck."""
    pooling: Tensor | None = None
    """[B,T,H,W] weights with `embedding == (pooling * map).sum` over T,H,W, where the readout is such a sum, else None.
    They sum to 1 over T,H,W; their sum over H,W is the temporal attention."""
    attention_scores: Tensor | None = None
    """[B,T] temporal attention before its softmax, where there is one."""


class Output(NamedTuple):
    """What a ReID model answers for a batch of clips."""

    embedding: Tensor
    """[B,D] the vector that is ranked, not normalised: `before_neck` or `after_neck`, as the model says."""
    logits: Tensor
    """[B,K] class scores of the training identities."""
    before_neck: Tensor
    """[B,D]"""
    after_neck: Tensor
    """[B,D] equal to `before_neck` where the model has no neck."""
    class_vectors: Tensor
    """[K,D] the classifier's weight."""
    features: Features
    """What the backbone gave."""
    centers: Tensor | None = None
    """[K,D] class centers, where a center loss is being trained beside it."""
    erased: Tensor | None = None
    """[B,T] bool, which frames random erasing touched, in training."""


class Frame(NamedTuple):
    """A frame of a shot for localisation, or a batch of B such frames (it collates and moves to the device as `Clip`).

    The middle of row r and column c of `pixels` lies `top + (r + 1/2) height / H` from above and
    `left + (c + 1/2) width / W` from the left in the whole frame, as shares of it; where `flipped`, W - 1 - c stands
    for c. A map of the whole frame is therefore cut by `window` first and then mirrored.
    """

    pixels: Tensor
    """[B,3,H,W] uint8, RGB."""
    label: Tensor
    """[B] class index 0..K-1 of the shot; -1 for an object that is of none of the classes."""
    shot: Tensor
    """[B] index of the shot in its split."""
    frame: Tensor
    """[B] index of the frame within its shot."""
    window: Tensor
    """[B,4] float32 top, left, height, width of what `pixels` shows, as shares of the whole frame."""
    flipped: Tensor
    """[B] bool, whether it is mirrored left to right."""
    boxes: Tensor
    """[B,M,4] float32 x0,y0,x1,y1 of the objects in pixels of `pixels`; NaN rows where there are fewer than M. In
    training they are unknown: M is 0."""
    mask: Tensor
    """[B,H,W] uint8: 1 object, 0 not, 255 unknown."""
