"""Text of one's own, in any languages and classes: a folder of files, or a TOML file.

    python -m xlt_flax.main --config=configs/files.py:tickets      # en.train.csv, ja.test.csv
    python -m xlt_flax.main --config=configs/files.py:tickets.toml --config.mixture=en+de
    python -m xlt_flax.main --config=configs/files.py:tickets --config.data.target_language=ja

xlt_flax/data/sources/files says what a TOML file may hold. The target is the one language that has
a test set and nothing to train on; the mixture is every other language with training documents.
Files may be moved later: --config.data.files=NEW, for eval and report as well.
"""

from ml_collections import ConfigDict

from xlt_flax.config import base
from xlt_flax.data.sources import find_source


def get_config(data: str = "") -> ConfigDict:
    config = base()
    config.data.dataset, config.data.files = "files", data
    source = find_source(config.data)
    splits = {language: source.splits(language) for language in source.languages}
    targets = [name for name, has in splits.items() if "test" in has and "train" not in has]
    config.data.target_language = targets[0] if len(targets) == 1 else ""
    sources = [name for name, has in splits.items() if "train" in has and name not in targets]
    config.mixture = "+".join(sources)
    return config
