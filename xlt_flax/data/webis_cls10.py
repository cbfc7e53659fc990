"""Registers the TFDS builders `webis_cls10/{en,de,fr,ja}_{books,dvd,music}` when it is imported.

import tensorflow_datasets as tfds
import xlt_flax.data.webis_cls10
tfds.load("webis_cls10/ja_music", split="test",
          download_and_prepare_kwargs={"download_config":
              tfds.download.DownloadConfig(manual_dir=...)})
"""

from xlt_flax.data.sources.webis_cls10.builder import WebisCls10, WebisCls10Sample

__all__ = ["WebisCls10", "WebisCls10Sample"]
