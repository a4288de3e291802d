"""Runs a script as TensorFlow 1 would: ``run_legacy_script.py SCRIPT ARGUMENTS``."""

import runpy
import sys
from pathlib import Path

from slimport.verify.workers import stand_in

stand_in.install()
sys.argv = sys.argv[1:]
sys.path.insert(0, str(Path(sys.argv[0]).parent))
runpy.run_path(sys.argv[0], run_name="__main__")
