"""Video person re-identification: models, losses, ranking and metrics."""
