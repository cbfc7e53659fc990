"""Registers the TFDS builders `shinra` and `shinra_sample` when it is imported.

import tensorflow_datasets as tfds
import xlt_flax.data.shinra
tfds.load("shinra", split="train",
          download_and_prepare_kwargs={"download_config":
              tfds.download.DownloadConfig(manual_dir=...)})
"""

from xlt_flax.data.sources.shinra.builder import Shinra, ShinraSample

__all__ = ["Shinra", "ShinraSample"]
