"""What is on disk: benchmarks, clips, batches, augmentation."""

from datasets.base import Benchmark
from datasets.folder import Folder
from datasets.ilidsvid import ILIDSVID
from datasets.mars import MARS
from datasets.prid2011 import PRID2011
from datasets.synthetic import Synthetic

__all__ = ["ILIDSVID", "MARS", "PRID2011", "Benchmark", "Folder", "Synthetic"]
