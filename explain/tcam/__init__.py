"""TCAM: where the subject of a video is, learned from its tag alone (Belharbi et al. 2023, arXiv 2208.14542).

A class-agnostic decoder on the frozen features of a frame classifier learns from a few pixels of the classifier's
activation maps (`window`, `seeds`), from colours (`crf`) and from a prior of size (`size`). One idea a file.
"""
