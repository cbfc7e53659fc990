"""What others have reported of SHINRA: four micro-F1 on the leaderboard's pages, and the workshop.

Source: the leaderboard of a RIKEN AIP BERT workshop (2022), whose answers are not given out: no
run here is judged on the same pages.
"""

from typing import NamedTuple

from xlt_flax.analysis.experiment import Experiment, Field
from xlt_flax.analysis.results import Results, Run

DATA_SET, SAMPLE = "shinra", "shinra_sample"  # config.data.dataset of runs that are of this study
ARTICLES = 5000  # that the workshop trained on


class Figure(NamedTuple):
    """A micro-F1, a share, and whose it is."""

    whose: str
    micro_f1: float


FIGURES = (
    Figure("the workshop's code", 0.8715),
    Figure("a participant", 0.8632),
    Figure("the public baseline", 0.9425),
    Figure("RoBERTa", 0.9522),
)

# What is known of the workshop's experiment; batch, epochs and learning rate are not.
WORKSHOP = Experiment(
    fields=(
        Field("data.dataset", DATA_SET, "the data set"),
        Field("model.name", "bert-base-japanese", "the model"),  # of cl-tohoku, as it was then
        Field("model.init", "pretrained", "the model's initialisation"),
        Field("data.sample", ARTICLES, "the number of articles drawn"),
        Field("data.labels", "single", "the choice of pages by their labels"),
        Field("train.objective", "single_label", "the objective"),
    )
)


def is_of_shinra(run: Run) -> bool:
    return run.record.config.get("data.dataset") in (DATA_SET, SAMPLE)


def are_of_real_pages(results: Results) -> bool:
    """Whether some run is on pages of Wikipedia, and not on the made sample alone."""
    return any(run.record.config.get("data.dataset") == DATA_SET for run in results.runs)
