"""Fine-tuning on a little Japanese (J1): the second stage of the thesis's table 5.2, or J1 alone.

    python -m xlt_flax.main --config=configs/j1.py --config.init_from=runs/mix_111/E1D1F1-seed50
    python -m xlt_flax.main --config=configs/j1.py            # J1 alone, from model.name
    python -m xlt_flax.eval --workdir=runs/j1/E1D1F1-seed50+J1-seed50
    python -m xlt_flax.eval --workdir=runs/j1/J1-seed50

1,000 training and 100 validation documents, 10 epochs of 125 updates, from the best checkpoint of
`init_from`. `--config.protocol=thesis` goes on as the thesis's program did, optimizer, epochs and
best score of stage one included (see xlt_flax/training/starts.py); the default, clean, takes over
the weights alone.

The thesis reports a Japanese accuracy of .7450 (D1D2D3, which is stage one's) to .8230 (E1E2F1)
after a source stage, and .8265 for J1 alone.
"""

from ml_collections import ConfigDict

from xlt_flax.config import base


def get_config() -> ConfigDict:
    config = base()
    config.mixture = "J1"
    return config
