"""Which frames of a tracklet make its clips: the rules of `reid.sampling`, under the names that configs give them."""

from reid.sampling import ChunkStarts, ConsecutiveRandom, Dense, Evenly, FrameSampling, RestrictedRandom

__all__ = ["ChunkStarts", "ConsecutiveRandom", "Dense", "Evenly", "FrameSampling", "RestrictedRandom"]
