"""What is on disk: benchmarks, clips, batches, augmentation."""

from datasets.base import Benchmark
from datasets.cross import Cross
from datasets.dukevideo import DukeMTMCVideoReID
from datasets.folder import Folder
from datasets.ilidsvid import ILIDSVID
from datasets.lsvid import LSVID
from datasets.mars import MARS
from datasets.prid2011 import PRID2011
from datasets.synthetic import Synthetic

__all__ = [
    "ILIDSVID",
    "LSVID",
    "MARS",
    "PRID2011",
    "Benchmark",
    "Cross",
    "DukeMTMCVideoReID",
    "Folder",
    "Synthetic",
]
