#!/usr/bin/env python
"""Explain a checkpoint: `python explain.py --video walk.mp4 --checkpoint best.ckpt --output out`."""

import sys

from explain.command.cli import main
from reid.errors import exit_status

if __name__ == "__main__":
    sys.exit(exit_status(main))
