"""Text of one's own: trained on the languages that have labels, judged on the one that has none.

    python -m xlt_flax.main --config=configs/files.py:tickets
    python -m xlt_flax.main --config=configs/files.py:tickets.toml --config.mixture=en:2000+de
    python -m xlt_flax.eval --workdir=runs/files/de+en-seed50

DATA is a folder of files named LANGUAGE.SPLIT.EXT, as `en.train.csv`, `ja.test.jsonl.gz`, with
columns "text" and "label"; or a TOML file that names files and columns (see
xlt_flax/data/sources/files/toml_file.py). All languages with a train file are trained on, but the
target: the one language that has a test file and no train file. If that is none, or several,
`--config.data.target_language` says which.
"""

from ml_collections import ConfigDict

from xlt_flax.config import base
from xlt_flax.data.sources import find_source


def get_config(data: str = "") -> ConfigDict:
    config = base()
    config.data.dataset, config.data.files = "files", data
    source = find_source(config.data)
    splits = {language: source.splits(language) for language in source.languages}
    targets = [one for one in splits if "test" in splits[one] and "train" not in splits[one]]
    config.data.target_language = targets[0] if len(targets) == 1 else ""
    config.mixture = "+".join(one for one in splits if "train" in splits[one])
    return config
