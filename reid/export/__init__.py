"""A trained model in other forms: ONNX, a program of `torch.export`, a folder for the Hugging Face Hub.

`python -m reid.export --checkpoint last.ckpt --format onnx --output model.onnx`. Nothing is imported here: `--help`
must not wait for torch.
"""
