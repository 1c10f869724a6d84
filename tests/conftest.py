"""Settings of the whole suite."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # also of the processes that tests start
# Small tensors: a second thread costs more than it gives, most of all where several tests run side by side.

import torch
from hypothesis import settings

torch.set_num_threads(1)
settings.register_profile("reidlens", deadline=None)
settings.load_profile("reidlens")
