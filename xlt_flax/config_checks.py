"""What is refused in a config: a line that names the field, its value, and what it may be."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from operator import contains
from typing import Any

from ml_collections import ConfigDict

from xlt_flax.config import evaluated_in_training
from xlt_flax.config_fields import known_fields, unknown_field
from xlt_flax.data.long_documents import LONG
from xlt_flax.data.mixture import LANGUAGES, Amount, counts_of, mixture_shape, parse_mixture
from xlt_flax.data.sources import Source, find_source
from xlt_flax.errors import UserError
from xlt_flax.stored_config import flat
from xlt_flax.training.class_weights import parse_class_weights
from xlt_flax.training.metrics import BEST_BY, LOWEST
from xlt_flax.training.trackers import tracker_names

# {field: what it may be}; a data set is asked for its languages, and training for its objectives.
_CHOICES = {
    "protocol": ("clean", "thesis"),
    "model.init": ("pretrained", "random"),
    "model.dtype": ("float32", "bfloat16"),
    "model.forward": ("packed", "padded"),
    "model.vocabulary": ("active", "full"),
    "model.pooling": ("cls", "mean"),
    "model.attention_dropout": ("shared", "each"),
    "data.long": LONG,
    "data.mixing": ("shuffle", "balanced"),
    "data.text": ("text", "title+text", "title,text"),
    "data.labels": ("single", "multi"),
    "train.schedule": ("constant", "step", "linear", "cosine"),
    "eval.best": BEST_BY,
    "eval.weights": ("float32", "bfloat16"),
}

# (fields, what is allowed, the same in words)
_RULES: tuple[tuple[Sequence[str], Callable[[Any], object], str], ...] = (
    (
        (
            "data.train_per_group",
            "data.validation_per_group",
            "train.batch_size",
            "train.epochs",
            "train.step_epochs",
            "eval.batch_size",
        ),
        lambda v: v >= 1,
        "a whole number of 1 or more",
    ),
    (
        (
            "train.max_steps",
            "train.patience",
            "train.checkpoint_every_steps",
            "data.budget",
            "data.sample",
        ),
        lambda v: v >= 0,
        "a whole number of 0 or more",
    ),
    (
        ("train.weight_decay", "train.clip_norm", "train.checkpoint_every_minutes"),
        lambda v: v >= 0,
        "a number of 0 or more",
    ),
    (
        ("train.learning_rate", "train.epsilon", "train.step_gamma"),
        lambda v: v > 0,
        "a number above 0",
    ),
    (
        ("train.beta1", "train.beta2", "train.label_smoothing"),
        lambda v: 0 <= v < 1,
        "a number from 0 to below 1",
    ),
    (("data.validation_share",), lambda v: 0 < v < 1, "a number above 0 and below 1"),
    (("data.language_temperature",), lambda v: v >= 1, "a number of 1 or more"),
    (
        ("model.dropout", "train.warmup_fraction"),
        lambda v: v is None or 0 <= v < 1,
        "from 0 to below 1",
    ),
    (("model.head_sd",), lambda v: v is None or v >= 0, "0 or more"),
    (("data.max_length",), lambda v: v >= 3, "3 or more"),
    (("seed",), lambda v: 0 <= v < 2**32, "a whole number from 0 to 4294967295"),
    (("model.name",), bool, "a hub id or a local folder"),
    (("init_checkpoint",), lambda v: v == "best" or v.isdecimal(), "best or a step"),
)

_KINDS = {bool: "True or False", float: "a number", int: "a whole number", str: "a text"}


def validate(config: ConfigDict) -> None:
    """Refuses what cannot run, before anything is read or written.

    Raises:
      UserError: a line for each mistake that names the field, its value, and what it may be.
    """
    if "sweep" in config:
        raise UserError("this config lists the runs of a sweep: python -m xlt_flax.sweep takes it")
    _require_fields(config)
    _require_all(
        *(partial(_require_choice, config, *choice) for choice in _CHOICES.items()),
        *(
            partial(_require, config, field, allowed, expected)
            for fields, allowed, expected in _RULES
            for field in fields
        ),
        partial(parse_class_weights, config.train.class_weights),
        partial(tracker_names, config.train.trackers),
        partial(_require_of_source, config),
    )
    source = find_source(config.data)
    parts = parse_mixture(config.mixture, source.letters, source.languages)
    _require_that_fields_agree(config, mixture_shape(parts))
    if config.protocol == "thesis":
        _validate_thesis_protocol(config)


def _require_all(*checks: Callable[[], object]) -> None:
    """
    Raises:
      UserError: what each check has raised, all in one.
    """
    told = []
    for check in checks:
        try:
            check()
        except UserError as error:
            told.append(str(error))
    if told:
        raise UserError(*told)


def _require_of_source(config: ConfigDict) -> None:
    """What a data set has a say in."""
    source = find_source(config.data)
    languages = source.languages

    def require_mixture() -> None:
        parts = parse_mixture(config.mixture, source.letters, languages)
        counts_of([part for part in parts if isinstance(part, Amount)], config.data.budget)

    target = (
        "data.target_language",
        partial(contains, languages),
        f"one of {', '.join(languages)}",
    )
    test_sets = partial(_require_test_sets, config, source)
    _require_all(partial(_require, config, *target), require_mixture, test_sets)


def _require_test_sets(config: ConfigDict, source: Source) -> None:
    """Of the languages that are evaluated in training."""
    for name in evaluated_in_training(config):
        if name not in source.languages or "test" not in source.splits(name):
            having = [one for one in source.languages if "test" in source.splits(one)]
            raise UserError(
                f"config.eval.languages is {config.eval.languages!r}, and {source.name} has no "
                f"test documents of {name}: name some of {', '.join(having) or 'none'}, joined by "
                "commas"
            )


def _require_that_fields_agree(config: ConfigDict, shape: str) -> None:
    """`shape` is the mixture's."""
    if config.init_checkpoint != "best" and not config.init_from:
        raise UserError(
            f"config.init_checkpoint is {config.init_checkpoint!r}, but config.init_from names no "
            "workdir that has it"
        )
    if config.model.attention_dropout == "each" and config.model.forward == "padded":
        raise UserError(
            "config.model.attention_dropout is 'each', but config.model.forward is 'padded', and "
            "transformers' own module shares one mask: give 'shared', or forward 'packed'"
        )
    if config.data.dedup_in_place and shape == LANGUAGES:
        raise UserError(
            "config.data.dedup_in_place is True, but config.mixture is of languages, whose draws "
            "have no places to be kept: give config.data.dedup alone"
        )
    if config.data.files and config.data.dataset != "files":
        raise UserError(
            f"config.data.files is {config.data.files!r}, but config.data.dataset is "
            f"{config.data.dataset!r}: give --config=configs/files.py:{config.data.files}"
        )
    _require_used(config)
    if config.data.dedup_in_place and not config.data.dedup:
        raise UserError(
            "config.data.dedup_in_place is True, but config.data.dedup is False: set both"
        )


def _require_used(config: ConfigDict) -> None:
    """Refuses what only pages of Wikipedia have, where other documents would ignore it."""
    if config.data.dataset.startswith("shinra"):
        return
    for field, default in (("text", "text"), ("labels", "single"), ("sample", 0)):
        if config.data[field] != default:
            raise UserError(
                f"config.data.{field} is {config.data[field]!r}, but config.data.dataset is "
                f"{config.data.dataset!r}, which has no such choice: give {default!r}"
            )


def _validate_thesis_protocol(config: ConfigDict) -> None:
    if not config.init_from:
        raise UserError(
            "config.protocol is 'thesis', but config.init_from names no workdir to go on from"
        )
    if not config.mixture:
        raise UserError("config.protocol is 'thesis', but config.mixture is empty: give J1")
    if config.train.schedule != "constant":
        raise UserError(
            f"config.train.schedule is {config.train.schedule!r}: config.protocol='thesis' goes on "
            "with stage one's optimizer, whose schedule would be of another length; give 'constant'"
        )
    if config.train.patience:
        raise UserError(
            f"config.train.patience is {config.train.patience}: config.protocol='thesis' compares "
            "with stage one's score, a sum over other documents, and ends by epochs; give 0"
        )
    if config.eval.best not in LOWEST:
        raise UserError(
            f"config.eval.best is {config.eval.best!r}: config.protocol='thesis' compares with "
            "stage one's score, which is a sum of losses; give 'batch_sum'"
        )
    if config.train.warmup_fraction:
        raise UserError(
            f"config.train.warmup_fraction is {config.train.warmup_fraction}: config.protocol="
            "'thesis' goes on with stage one's optimizer, which has no more to warm up; give 0"
        )


def _require_choice(config: ConfigDict, field: str, choices: Sequence[str]) -> None:
    _require(config, field, partial(contains, choices), f"one of {', '.join(choices)}")


def _require(
    config: ConfigDict, field: str, allowed: Callable[[Any], object], expected: str
) -> None:
    value = config
    for name in field.split("."):
        value = value[name]
    if (isinstance(value, float) and not math.isfinite(value)) or not allowed(value):
        raise UserError(f"config.{field} is {value!r}: give {expected}")


def _require_fields(config: ConfigDict) -> None:
    """Refuses fields that `base` does not have, lacks, or has as another type.

    ConfigDict takes new names, None, and True for 1 from a config file without a word.
    """
    known, given = known_fields(), flat(config.to_dict())
    if unknown := sorted(given.keys() - known.keys()):
        raise UserError(*map(unknown_field, unknown))
    if missing := sorted(known.keys() - given.keys()):
        raise UserError(f"config.{missing[0]} is missing: begin with xlt_flax.config.base()")
    _require_all(*(partial(_require_kind, f, given[f], default) for f, default in known.items()))


def _require_kind(field: str, value: object, default: object) -> None:
    kind = float if default is None else type(default)
    allowed = (int, float) if kind is float else kind
    if value is None and default is None:
        return
    if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
        raise UserError(f"config.{field} is {value!r}: give {_KINDS[kind]}")
