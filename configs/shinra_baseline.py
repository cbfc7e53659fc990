"""SHINRA with the hyper-parameters of its public baseline: any number of classes of each page.

    python -m xlt_flax.main --config=configs/shinra_baseline.py --config.data.manual_dir=FOLDER
    python -m xlt_flax.eval --workdir=runs/shinra_baseline/ja-seed50

FOLDER and the extra `ja` as of `configs/shinra.py`. Known of the baseline: AdamW at 5e-5 without
decay, down to zero without a warm-up, 512 tokens of the text without its title, a sigmoid for each
class of which .5 and more is said, else the largest; the checkpoint of the best micro-F1 on 1,000
pages that are held out. Assumed here: all pages that have text are trained on, of about a million
of which a thousandth validates; 3 epochs; batches of 32; AdamW's betas and epsilon.

The baseline reached a micro-F1 of .9425 on the leaderboard's pages, RoBERTa .9522. How far this
falls from them was not measured.
"""

from ml_collections import ConfigDict

from xlt_flax.config import base


def get_config(mixture: str = "ja") -> ConfigDict:
    config = base()
    config.mixture = mixture
    config.model.name = "cl-tohoku/bert-base-japanese"
    config.data.dataset, config.data.domain = "shinra", ""
    config.data.labels = "multi"
    config.data.validation_share = 0.001
    config.train.objective = "multi_label"
    config.train.batch_size = 32
    config.train.epochs = 3
    config.train.learning_rate = 5e-5
    config.train.schedule = "linear"
    config.train.warmup_fraction = 0.0
    config.eval.best = "micro_f1"
    return config
