"""A trained model as a library: embed tracklets, rank them, keep what was embedded.

    from reid import load_model
    model = load_model("last.ckpt")
    query, gallery = model.embed("walk.mp4"), model.embed(["a", "b", "c"])
    print(model.rank(query, gallery, k=2).order)

`explain.explain` says why; `reid.export` turns a model into ONNX, a program of torch, or a folder for the Hub.
"""

from reid.library.embedder import Embedder
from reid.library.features import StoredFeatures, read_features, write_features
from reid.library.load import load_model
from reid.library.nearest import Ranked, rank

__all__ = ["Embedder", "Ranked", "StoredFeatures", "load_model", "rank", "read_features", "write_features"]
