"""The study of diversity: are three languages worth more than one, German's share held fixed?

    python -m xlt_flax.sweep --config=configs/diversity.py --draws=50,51,52,53,54
    python -m xlt_flax.sweep --config=configs/diversity.py --draws=50,51,52,53,54 --shard=1/8
    python -m xlt_flax.sweep --config=configs/diversity.py --draws=50,51 --only=3:0,1:1:1
    python -m xlt_flax.report --workdir=runs/diversity

The thesis's tables cannot tell diversity from German, which every mixture that does well has, nor
from the draw of its groups. For each draw (`data.split_seed`) there are 24 runs: the 3 mixtures of
3:0, 18 of 2:1 and the 3 of 1:1:1 (xlt_flax/studies/diversity/mixtures.py), in which each group has
the same weight in every shape. So 1:1:1 - 3:0 is one contrast a draw in which what is particular to
a language or group cancels; and 1:1:1 against the 2:1 mixtures that have a third of German as well
tells what diversity is worth beside German's share. One draw gives one such contrast, and so no
interval: take five or more, or several `--seeds`, whose interval holds for these documents alone.

A run is 3,750 updates of batches of 8, a draw 90,000 a seed: by estimate, not measured, three
quarters of an hour on an H100 with `--config.model.dtype=bfloat16`. With the full mBERT a run
leaves 1.3 to 2.6 GB of checkpoints.
"""

from ml_collections import ConfigDict

from xlt_flax.config import base
from xlt_flax.studies.diversity.mixtures import diversity_mixtures


def get_config() -> ConfigDict:
    config = base()
    with config.unlocked():
        config.sweep = ConfigDict({"runs": tuple(mixture.name for mixture in diversity_mixtures())})
    return config
