"""The whole thesis: 35 runs, for tables 4.1, 4.2, 4.3, 5.1 and 5.2, E2D1F3, and J1 alone.

    python -m xlt_flax.sweep --config=configs/thesis.py --dry_run
    python -m xlt_flax.sweep --config=configs/thesis.py --seeds=50,51,52
    python -m xlt_flax.sweep --config=configs/thesis.py --only=4.3 --config.train.epochs=5
    python -m xlt_flax.report --workdir=runs/thesis

`config.sweep.runs` lists the runs: mixtures, and with "+J1" what goes on from a mixture's run. All
other fields are common to all runs. With one seed that is 76,250 updates of batches of 8, and every
run keeps its best and its latest two checkpoints. Expect single-seed accuracies within about two
points of the thesis's, which xlt_flax/analysis/thesis.py has.

`--config.protocol=thesis` runs the J1 stages as the thesis's program did (xlt_flax/training/
protocol.py); the default, clean, gives them a fresh optimizer and all epochs.
"""

from ml_collections import ConfigDict

from xlt_flax.analysis import thesis
from xlt_flax.config import base


def get_config():
    config = base()
    with config.unlocked():
        config.sweep = ConfigDict({"runs": tuple(thesis.ACCURACY)})
    return config
