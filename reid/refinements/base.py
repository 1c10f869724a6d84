"""What every refinement is."""

from abc import ABC, abstractmethod

from torch import Tensor

from reid.distances import Distance, Rows


class Refinement(ABC):
    """Better distances from the embeddings of a whole test set: what is near to whom tells more than one pair alone.

    A refinement is a frozen dataclass, so that its constants stand in the results.
    """

    @abstractmethod
    def __call__(self, embedding: Tensor, query: Tensor, gallery: Tensor, distance: Distance) -> Rows:
        """Compare every query with the gallery.

        Args:
            embedding: [N,D] of the *unique* tracklets: a query that stands in the gallery too is one of them, not two.
            query: [Q] indices of the tracklets that are asked for.
            gallery: [G] indices of the tracklets that are ranked; they may include the queries.
            distance: how embeddings are compared.

        Raises:
            InputError: an embedding is not finite.
        """
