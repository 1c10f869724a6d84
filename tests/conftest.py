"""Settings of the whole suite."""

import torch
from hypothesis import settings

torch.set_num_threads(1)  # small tensors: a second thread costs more than it gives, most of all on a shared machine
settings.register_profile("reidlens", deadline=None)
settings.load_profile("reidlens")
