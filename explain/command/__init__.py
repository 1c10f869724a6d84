"""What `explain.py` does: from flags and files to questions, maps and a folder.

Nothing is imported here: `explain.py --help` must not wait for torch.
"""
