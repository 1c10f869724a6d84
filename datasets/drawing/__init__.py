"""Drawn people under drawn cameras: what the synthetic benchmark is made of."""
