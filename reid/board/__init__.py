"""One interface for everything that a run shows, whatever keeps it: TensorBoard, files, W&B, MLflow."""
