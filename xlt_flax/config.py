"""The fields of a config, their defaults (the thesis's protocol), and what is refused in them.

Files in configs/ start from `base()` and change what their experiment is about. Every field can be
set from the command line, `--config.train.batch_size=16`; names that are not here are refused.
"""

import math
from pathlib import Path

from ml_collections import ConfigDict, config_dict

from xlt_flax.data.corpus import DATASETS
from xlt_flax.data.languages import LANGUAGES
from xlt_flax.data.mixture import mixture_shape, parse_mixture
from xlt_flax.errors import UserError
from xlt_flax.modeling.shipped import SAMPLE_MODEL, constant_of, shipped_folder
from xlt_flax.stored_config import complete as _complete
from xlt_flax.stored_config import flat

MIXING = ("shuffle", "balanced")
INITS = ("pretrained", "random")
FORWARDS = ("packed", "padded")
VOCABULARIES = ("active", "full")
DTYPES = ("float32", "bfloat16")
SCHEDULES = ("constant", "step", "linear")
PROTOCOLS = ("clean", "thesis")

_KINDS = {bool: "True or False", float: "a number", int: "a whole number", str: "a text"}


def base() -> ConfigDict:
    """The thesis's protocol: every field with its default."""
    config = ConfigDict()

    # Seed of the head's weights, the order of documents and dropout.
    config.seed = 50
    # Groups to train on, such as "E1D1F1": E, D, F, J are English, German, French, Japanese.
    # "" trains on nothing: the run is the initial model, as step 0.
    config.mixture = ""
    # Workdir whose checkpoint starts this run (the J1 stage); "" starts from model.name.
    config.init_from = ""
    # Which checkpoint of init_from: "best", of a run that is done, or a step, of any run.
    config.init_checkpoint = "best"
    # What a run with init_from takes over: "clean" the weights alone; "thesis" also the optimizer's
    # state, the count of epochs and the best score, as the thesis's program did.
    config.protocol = "clean"

    config.model = ConfigDict()
    # Hub id, or a local folder with config.json, tokenizer and weights (safetensors or msgpack).
    config.model.name = "bert-base-multilingual-cased"
    # Commit, branch or tag of a hub id; "" = the newest. A folder has none.
    config.model.revision = ""
    # "pretrained", or "random": the shape and tokenizer of the folder, weights drawn from `seed`.
    config.model.init = "pretrained"
    # What matrices are multiplied in, "float32" or "bfloat16"; weights stay float32 in both.
    config.model.dtype = "float32"
    # With "float32" on accelerators: multiply in their fast mode, which keeps 10 bits of a factor
    # (TF32 on GPUs) or fewer (TPUs), instead of in full.
    config.model.tf32 = False
    # Probability of dropout everywhere in the model; unset = the model's own.
    config.model.dropout = config_dict.placeholder(float)
    # "packed": several documents a row, nearly no padding; "padded": one a row, transformers' own
    # module. The same function, so the same result but for rounding.
    config.model.forward = "packed"
    # "active": hold only the word embeddings that the run can use; "full": all. The same result.
    config.model.vocabulary = "active"

    config.data = ConfigDict()
    # "webis_cls10", or "webis_cls10_sample", which is shipped with the package.
    config.data.dataset = "webis_cls10"
    # "music", "books" or "dvd".
    config.data.domain = "music"
    # Folder with cls-acl10-unprocessed.tar.gz, or with what it unpacks to.
    config.data.manual_dir = "~/tensorflow_datasets/downloads/manual"
    # Where the prepared dataset, the token stores and the compilation cache are kept.
    config.data.data_dir = "~/tensorflow_datasets"
    # Tokens at which a document is cut, [CLS] and [SEP] counted.
    config.data.max_length = 512
    # Drop repeated texts from the pools, and from the target's pool those that its test set has.
    config.data.dedup = False
    # The language without labels, on whose test set the model is judged.
    config.data.target_language = "ja"
    # Documents of a group that are trained on, and that choose the best checkpoint.
    config.data.train_per_group = 1000
    config.data.validation_per_group = 100
    # Seed of the groups' draw; kept when `seed` changes, so that seeds share their documents.
    config.data.split_seed = 50
    # Make half of each group positive, instead of as the draw gives it.
    config.data.stratify = False
    # "shuffle": all documents of the mixture, shuffled anew each epoch (the thesis's way).
    # "balanced": each batch has the mixture's ratio of languages, as nearly as its size allows.
    config.data.mixing = "shuffle"

    config.train = ConfigDict()
    # Documents of one update, over all devices together.
    config.train.batch_size = 8
    # Times that every training document is seen.
    config.train.epochs = 10
    # Updates after which training ends, before its epochs do or after them; 0 = by epochs.
    config.train.max_steps = 0
    # Peak learning rate of AdamW.
    config.train.learning_rate = 2e-5
    # "constant"; "step": times step_gamma every step_epochs epochs, as StepLR;
    # "linear": up over warmup_fraction of all steps, then down to zero.
    config.train.schedule = "constant"
    config.train.step_gamma = 0.2
    config.train.step_epochs = 1
    config.train.warmup_fraction = 0.1
    # AdamW's decay of all weights, biases and layer norms left out; its betas and epsilon.
    config.train.weight_decay = 0.0
    config.train.beta1 = 0.9
    config.train.beta2 = 0.999
    config.train.epsilon = 1e-6
    # Largest norm of the gradient of all weights together; 0 = not limited.
    config.train.clip_norm = 0.0
    # Checkpoints besides that of each epoch: every so many updates or minutes; 0 = none.
    config.train.checkpoint_every_steps = 0
    config.train.checkpoint_every_minutes = 0.0
    # Keep compiled programs in data_dir, so that the next run starts in seconds.
    config.train.compilation_cache = True

    config.eval = ConfigDict()
    # Documents a batch, over all devices together; no effect on results.
    config.eval.batch_size = 32

    return config.lock()


def sample() -> ConfigDict:
    """`base()` for the shipped sample and a tiny BERT of random weights: minutes on two cores."""
    config = base()
    config.model.name = SAMPLE_MODEL
    config.model.init = "random"
    config.data.dataset = "webis_cls10_sample"
    config.data.data_dir = "runs/data"
    config.data.max_length = 128
    config.data.train_per_group = 60
    config.data.validation_per_group = 20
    config.train.learning_rate = 1e-3
    return config


def mixture_config(mixture: str, shape: str, example: str) -> ConfigDict:
    """`base()` for a mixture of source languages, refused if it has another shape.

    Args:
      mixture: from the command line, `--config=configs/mix_111.py:E2D2F2`.
      shape: what `mixture_shape` must say of it.
      example: a mixture that has the shape, for the message.

    Raises:
      UserError: the mixture has another shape, or holds the target language.
    """
    groups = parse_mixture(mixture)
    if mixture_shape(groups) != shape or any(group.language == "ja" for group in groups):
        raise UserError(
            f"mixture {mixture!r} is not {shape} of source languages (E, D, F), as in {example}: "
            "this config takes no other shape"
        )
    config = base()
    config.mixture = mixture
    return config


def validate(config: ConfigDict) -> None:
    """Refuses what cannot run, before anything is read or written.

    Raises:
      UserError: one line that names the field, its value, and what it may be.
    """
    if "sweep" in config:
        raise UserError("this config lists the runs of a sweep: python -m xlt_flax.sweep takes it")
    _require_fields(config)
    parse_mixture(config.mixture)
    for field, choices in (
        ("protocol", PROTOCOLS),
        ("model.init", INITS),
        ("model.dtype", DTYPES),
        ("model.forward", FORWARDS),
        ("model.vocabulary", VOCABULARIES),
        ("data.dataset", DATASETS),
        ("data.domain", DATASETS.get(config.data.dataset, ())),
        ("data.target_language", LANGUAGES),
        ("data.mixing", MIXING),
        ("train.schedule", SCHEDULES),
    ):
        _require(config, field, lambda v, c=choices: v in c, f"one of {', '.join(choices)}")
    for field in (
        "data.train_per_group",
        "data.validation_per_group",
        "train.batch_size",
        "train.epochs",
        "train.step_epochs",
        "eval.batch_size",
    ):
        _require(config, field, lambda v: v >= 1, "a whole number of 1 or more")
    for field in ("train.max_steps", "train.checkpoint_every_steps"):
        _require(config, field, lambda v: v >= 0, "a whole number of 0 or more")
    for field in ("train.weight_decay", "train.clip_norm", "train.checkpoint_every_minutes"):
        _require(config, field, lambda v: v >= 0, "a number of 0 or more")
    for field in ("train.learning_rate", "train.epsilon", "train.step_gamma"):
        _require(config, field, lambda v: v > 0, "a number above 0")
    for field in ("train.beta1", "train.beta2", "train.warmup_fraction"):
        _require(config, field, lambda v: 0 <= v < 1, "a number from 0 to below 1")
    _require(config, "model.dropout", lambda v: v is None or 0 <= v < 1, "from 0 to below 1")
    _require(config, "data.max_length", lambda v: v >= 3, "3 or more")
    _require(config, "seed", lambda v: 0 <= v < 2**32, "a whole number from 0 to 4294967295")
    _require(config, "model.name", bool, "a hub id or a local folder")
    _require(config, "init_checkpoint", lambda v: v == "best" or v.isdecimal(), "best or a step")
    if config.init_checkpoint != "best" and not config.init_from:
        raise UserError(
            f"config.init_checkpoint is {config.init_checkpoint!r}, but config.init_from names no "
            "workdir that has it"
        )
    if config.protocol == "thesis":
        _validate_thesis_protocol(config)


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


def resolve(config: ConfigDict) -> ConfigDict:
    """A locked copy with absolute paths, so that it means the same from any folder.

    Raises:
      UserError: a path begins with the home of somebody who has none.
    """
    resolved = config.copy_and_resolve_references()
    with resolved.unlocked():
        for field in ("manual_dir", "data_dir"):
            resolved.data[field] = _absolute(resolved.data[field], f"data.{field}")
        if resolved.init_from:
            resolved.init_from = _absolute(resolved.init_from, "init_from")
        resolved.model.name = _resolved_model(resolved.model.name)
    return resolved.lock()


def complete(stored: dict, form: int) -> dict:
    """A config of a workdir of any format up to today's, with every field of `base`.

    Raises:
      UserError: it was stored by a newer version, or has a field that is not known.
    """
    return _complete(stored, form, base().to_dict())


def _resolved_model(name: str) -> str:
    if shipped_folder(name):
        return name
    folder = _absolute(name, "model.name")
    return (constant_of(Path(folder)) or folder) if Path(folder).is_dir() else name


def _require(config: ConfigDict, field: str, allowed, expected: str) -> None:
    value = config
    for name in field.split("."):
        value = value[name]
    if (isinstance(value, float) and not math.isfinite(value)) or not allowed(value):
        raise UserError(f"config.{field} is {value!r}: give {expected}")


def _require_fields(config: ConfigDict) -> None:
    """Refuses fields that `base` does not have, lacks, or has as another type.

    ConfigDict takes new names, None, and True for 1 from a config file without a word.
    """
    known, given = flat(base().to_dict()), flat(config.to_dict())
    if unknown := sorted(given.keys() - known.keys()):
        raise UserError(f"the config has no field {unknown[0]}; xlt_flax/config.py lists all")
    if missing := sorted(known.keys() - given.keys()):
        raise UserError(f"config.{missing[0]} is missing: begin with xlt_flax.config.base()")
    for field, default in known.items():
        value, kind = given[field], float if field == "model.dropout" else type(default)
        allowed = (int, float) if kind is float else kind
        if value is None and default is None:
            continue
        if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
            raise UserError(f"config.{field} is {value!r}: give {_KINDS[kind]}")


def _absolute(path: str, field: str) -> str:
    try:
        return str(Path(path).expanduser().absolute())
    except RuntimeError:
        raise UserError(f"config.{field} is {path!r}, but there is no such home") from None
