"""The thesis's experiment as values, and how a run's config departs from them.

Source: the text of the thesis (chapter 4) for what was done, and its program's listing for how.
Where the two disagree, or the text is silent, is in `PARTICULARS`; neither reading is a deviation.
"""

from collections.abc import Callable
from dataclasses import dataclass

from xlt_flax.analysis.experiment import Experiment, Field
from xlt_flax.analysis.fields import Config
from xlt_flax.studies.thesis import reported

SEED = 50


@dataclass(frozen=True)
class Particular:
    """One thing on which the thesis's text and its listing differ, or one of them is silent.

    Attributes:
      what: it is.
      text, listing: what each of them says.
      run: what a run does, from its config.
      concerns: whether it plays a part in a run, from its config.
    """

    what: str
    text: str
    listing: str
    run: Callable[[Config], str]
    concerns: Callable[[Config], bool] = lambda config: True


EXPERIMENT = Experiment(
    fields=(
        Field("model.name", reported.MODEL, "the model"),
        Field("model.init", "pretrained", "the model's initialisation"),
        Field("model.dropout", 0.1, "the dropout"),
        Field("model.pooling", "cls", "the pooling"),
        Field("model.dtype", "float32", "the precision"),
        Field("model.tf32", False, "TF32"),
        Field("data.dataset", "webis_cls10", "the data set"),
        Field("data.domain", reported.DOMAIN, "the domain"),
        Field("data.target_language", reported.TARGET_LANGUAGE, "the target language"),
        Field("data.max_length", 512, "the maximal length in tokens"),
        Field("data.long", "truncate", "what becomes of longer documents"),
        Field("data.train_per_group", 1000, "the number of training documents of a group"),
        Field("data.validation_per_group", 100, "the number of validation documents of a group"),
        Field("data.dedup", False, "the dropping of repeats"),
        Field("data.stratify", False, "the balancing of the groups' classes"),
        Field("data.mixing", "shuffle", "the mixing"),
        Field("data.language_temperature", 1.0, "the temperature of languages"),
        Field("train.objective", "single_label", "the objective"),
        Field("train.class_weights", "none", "the weights of classes"),
        Field("train.label_smoothing", 0.0, "the smoothing of labels"),
        Field("train.batch_size", 8, "the batch size"),
        Field("train.epochs", 10, "the number of epochs"),
        Field("train.max_steps", 0, "the limit of updates"),
        Field("train.patience", 0, "the patience"),
        Field("train.learning_rate", 2e-5, "the learning rate"),
        Field("train.schedule", "constant", "the schedule"),
        Field("train.warmup_fraction", 0.0, "the share of steps that warm up"),
        Field("train.weight_decay", 0.0, "the weight decay"),
        Field("train.beta1", 0.9, "AdamW's beta 1"),
        Field("train.beta2", 0.999, "AdamW's beta 2"),
        Field("train.epsilon", 1e-6, "AdamW's epsilon"),
        Field("train.clip_norm", 0.0, "the limit of the gradient's norm"),
        Field("protocol", "thesis", "the protocol of the J1 stages"),
        Field("init_checkpoint", "best", "the checkpoint that the J1 stages start from"),
    ),
    unset={
        "model.dropout": 0.1,  # of bert-base-multilingual-cased's config.json
        "train.warmup_fraction": 0.0,  # of the constant schedule
    },
)


def _is_second_stage(config: Config) -> bool:
    return bool(config.get("init_from"))


def _is_on_target(config: Config) -> bool:
    return str(config.get("mixture", "")).startswith("J")


def _yes(field: str, yes: str, no: str) -> Callable[[Config], str]:
    return lambda config: yes if config.get(field) else no


def _head_sd(config: Config) -> str:
    sd = config.get("model.head_sd")
    return "Flax's own draw (.036 at 768 units)" if sd is None else f"{sd:g}"


def _attention_dropout(config: Config) -> str:
    if config.get("model.attention_dropout") == "each":
        return "a mask for each head of each document"
    return "one mask for all heads and documents of a step"


def _best_checkpoint(config: Config) -> str:
    going_on = config.get("init_from") and config.get("protocol") == "thesis"
    if config.get("eval.best") == "batch_sum" or going_on:
        return "the lowest sum over batches of a batch's mean loss"
    if (best := config.get("eval.best", "loss")) != "loss":
        return f"the highest {best} of the validation documents"
    return "the lowest mean loss of the validation documents"


def _second_stage(config: Config) -> str:
    if config.get("protocol") == "thesis":
        return "goes on with stage one's optimizer, epochs and best score (protocol thesis)"
    return "stage one's best weights, a fresh optimizer, all epochs (protocol clean)"


PARTICULARS = (
    Particular(
        "commas in the texts",
        "kept",
        "every ASCII comma is deleted",
        _yes("data.drop_commas", "every ASCII comma is deleted", "kept"),
    ),
    Particular("the draw of the head's weights, sd", "not said", "0.02", _head_sd),
    Particular(
        "the dropout of attention",
        "not said",
        "a mask for each head of each document",
        _attention_dropout,
    ),
    Particular(
        "AdamW's epsilon",
        "not said",
        "added before the second moment's correction",
        _yes(
            "train.epsilon_before_correction",
            "added before the second moment's correction",
            "added after the second moment's correction",
        ),
    ),
    Particular(
        "the best checkpoint",
        "the lowest validation loss",
        "the lowest sum over batches of a batch's mean loss",
        _best_checkpoint,
    ),
    Particular(
        "the second stage (J1)",
        "fine-tuning of the trained model",
        "goes on with stage one's optimizer, count of epochs and best score",
        _second_stage,
        _is_second_stage,
    ),
    Particular(
        "the documents of J1",
        "not said whether the test file was drawn from",
        "not said whether the test file was drawn from",
        lambda config: "from the train file alone",
        _is_on_target,
    ),
    Particular(
        "the groups of E2D1F3",
        "the best of each language",
        "chosen by their accuracy on the Japanese test set",
        lambda config: "as named: chosen on the thesis's test set",
        lambda config: config.get("mixture") == "E2D1F3",
    ),
)
