"""Better distances from the embeddings of a whole test set."""

from reid.refinements.base import Refinement
from reid.refinements.expansion import QueryExpansion
from reid.refinements.rerank import KReciprocal

__all__ = ["KReciprocal", "QueryExpansion", "Refinement"]
