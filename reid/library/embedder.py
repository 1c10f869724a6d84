"""A trained model that embeds tracklets in whatever form they come."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import cast

import torch
from huggingface_hub import ModelHubMixin, hf_hub_download
from torch import Tensor
from typing_extensions import override

from reid.distances import Distance, require_finite
from reid.errors import InputError
from reid.library.averages import Piece, averages
from reid.library.card import CARD
from reid.library.features import StoredFeatures
from reid.library.fingerprint import fingerprint
from reid.library.folder import CONFIG, WEIGHTS, read_folder, write_folder
from reid.library.nearest import Embeddings, Ranked, rank
from reid.library.rules import sampling_of
from reid.library.settings import Settings
from reid.library.sources import Source, clips_of, name_of, open_source
from reid.model import ReIDModel
from reid.sampling import FrameSampling


class Embedder(
    ModelHubMixin, library_name="reidlens", tags=["person-re-identification", "video"], model_card_template=CARD
):
    """A model in use; `reid.load_model` makes one of a file.

    `from_pretrained`, `save_pretrained` and `push_to_hub` are those of Hugging Face's `ModelHubMixin`: they read and
    write a folder, or a repository of the Hub, that holds `config.json` and `model.safetensors`.

    Args:
        network: the model, put in eval mode.
        settings: what it was built from.
        origin: where it came from, in words.

    Attributes:
        sampling: which frames of a tracklet are embedded.

    >>> import numpy as np
    >>> from reid.backbones import SmallResNet
    >>> network = ReIDModel(SmallResNet(widths=[4], strides=[2], size=(16, 8)), num_identities=3)
    >>> model = Embedder(network, Settings({"class_path": "reid.backbones.SmallResNet", "init_args": {}}, 3), "toy")
    >>> walk, other = np.zeros((2, 20, 32, 16, 3), np.uint8)
    >>> model.embed(walk).shape, model.embed([walk, other]).shape
    (torch.Size([1, 4]), torch.Size([2, 4]))
    """

    def __init__(self, network: ReIDModel, settings: Settings, origin: str) -> None:
        self.network = network.eval()
        self.settings = settings
        self.origin = origin
        self.sampling: FrameSampling = sampling_of(settings.sampling)

    @property
    def distance(self) -> Distance:
        """How embeddings are compared."""
        return self.network.distance

    @property
    def device(self) -> torch.device:
        """Where the model runs."""
        return self.network.classifier.weight.device

    @cached_property
    def sha256(self) -> str:
        """By which features of this model are known, see `reid.library.fingerprint`."""
        return fingerprint(self.network)

    def embed(
        self, source: Source | Sequence[Source], batch: int = 16, done: Callable[[int], None] | None = None
    ) -> Tensor:
        """Embed tracklets as an evaluation does: the mean over the clips of each.

        Args:
            source: a video file, a folder of frames (or the common start of their paths), an array [T,H,W,3] of uint8
                RGB, or a list of any of these.
            batch: clips in a forward pass; memory grows with it, not with the length or number of tracklets.
            done: is told how many tracklets are read.

        Returns:
            [N,D] float32, on the CPU, not normalised; N is 1 for a single tracklet.

        Raises:
            InputError: a tracklet is missing, damaged or no tracklet; or the network overflows.

        (The example is that of the class.)
        """
        sources: list[Source] = list(source) if isinstance(source, list | tuple) else [cast("Source", source)]
        if not sources:
            raise InputError("there is nothing to embed: the list of tracklets is empty")
        if batch < 1:
            raise InputError(f"batch: {batch} given, expected at least 1")
        embeddings = averages(self.network, self._pieces(sources, done), len(sources), batch)
        require_finite(embeddings, "tracklet", [name_of(each, place) for place, each in enumerate(sources)])
        return embeddings

    def store(
        self, names: Sequence[str], sources: Sequence[Path], batch: int = 16, done: Callable[[int], None] | None = None
    ) -> StoredFeatures:
        """Embed tracklets, and say with the result what they are called and which model this is.

        Args:
            names: of the tracklets, each once.
            sources: videos or folders, as many.
            batch: see `embed`.
            done: see `embed`.

        Raises:
            InputError: as `embed`.
        """
        embeddings = self.embed(list(sources), batch, done)
        return StoredFeatures(
            embeddings,
            tuple(names),
            tuple(str(source.absolute()) for source in sources),
            tuple(open_source(source).frames for source in sources),
            self.origin,
            self.sha256,
            self.distance,
            self.settings.sampling,
        )

    def rank(self, query: Embeddings, gallery: Embeddings, k: int = 10) -> Ranked:
        """Rank a gallery for every query by the distance of this model, see `reid.library.rank`.

        Raises:
            InputError: as `reid.library.rank`; or stored features are of another model.
        """
        for side in (query, gallery):
            if isinstance(side, StoredFeatures) and side.model_sha256 != self.sha256:
                raise InputError(
                    f"the features were made by {side.model} ({side.model_sha256[:8]}), not by this model, "
                    f"{self.origin} ({self.sha256[:8]}): embed the tracklets again"
                )
        return rank(query, gallery, k, self.distance)

    def _pieces(self, sources: Sequence[Source], done: Callable[[int], None] | None) -> Iterator[Piece]:
        """Every clip of every tracklet."""
        size = self.network.preprocess.size
        for place, source in enumerate(sources):
            for clip in clips_of(open_source(source), self.sampling, size):
                yield Piece(place, clip)
            if done:
                done(place + 1)

    @override
    def _save_pretrained(self, save_directory: Path) -> None:
        write_folder(save_directory, self.network, self.settings)

    @classmethod
    @override
    def _from_pretrained(  # type: ignore[override]  # no keywords of unknown names: a misspelt one is an error
        cls,
        *,
        model_id: str,
        revision: str | None,
        cache_dir: str | Path | None,
        force_download: bool,
        local_files_only: bool,
        token: str | bool | None,
        device: str | None = None,
    ) -> "Embedder":
        """Read a folder, or fetch the two files of a repository."""
        folder = Path(model_id)
        if not folder.is_dir():
            for name in (CONFIG, WEIGHTS):
                folder = Path(
                    hf_hub_download(
                        model_id,
                        name,
                        revision=revision,
                        cache_dir=cache_dir,
                        force_download=force_download,
                        local_files_only=local_files_only,
                        token=token,
                    )
                ).parent
        built = read_folder(folder)
        return cls(built.network.to(device or "cpu"), built.settings, model_id)
