"""Configs as workdirs hold them: read whatever version stored them, and compared with today's.

The format of a workdir is a number in its config.json. Version by version:
  1  November 2026.
  2  config.json says what the run started from and what data it reads; `train.max_steps` is no
     longer cut by the epochs; the shipped model is named by a constant.
  3  predictions.jsonl names labels, where it had their numbers; `train.objective`, without which
     runs were trained for one label a document.
  4  `train.warmup_fraction` may be unset, and holds for every schedule, where "constant" and "step"
     passed it over.
"""

from xlt_flax.data.mixture import parse_mixture
from xlt_flax.errors import UserError
from xlt_flax.modeling.shipped import renamed_from_path

FORMAT = 4  # raise it when an older xlt_flax could misread a workdir

# Where things lie. What they are is known by their digests, so they may have moved.
PLACES = (
    "model.name",
    "model.revision",
    "init_from",
    "data.data_dir",
    "data.manual_dir",
    "data.files",
)

# Fields that change nothing that is trained: a run may go on with others than it began with.
OPERATIONAL = (
    "eval.batch_size",
    "eval.weights",
    "train.checkpoint_every_minutes",
    "train.checkpoint_every_steps",
    "train.compilation_cache",
    "train.trackers",
)

# Share of all steps in which a schedule warms up if `train.warmup_fraction` is unset; else none.
_OWN_WARMUP = {"linear": 0.1, "cosine": 0.1}

# {format: {field: its name in the next format}}
_RENAMES: dict[int, dict[str, str]] = {}


def complete(stored: dict, form: int, defaults: dict) -> dict:
    """Stored values laid over the defaults, under the names and with the meanings of today.

    Args:
      stored: a config as nested dicts.
      form: the format of the workdir that it comes from.
      defaults: every field of today with its default, which must mean what versions did that had
        no such field.

    Raises:
      UserError: the format is newer than this version's, or a field is not known.
    """
    if form > FORMAT:
        raise UserError(f"the workdir's format is {form}, this xlt_flax reads up to {FORMAT}")
    values = flat(stored)
    for older in range(form, FORMAT):
        names = _RENAMES.get(older, {})
        values = {names.get(field, field): value for field, value in values.items()}
    whole = flat(defaults)
    if unknown := sorted(values.keys() - whole.keys()):
        raise UserError(
            f"the config has a field that this xlt_flax does not know, {unknown[0]}: install the "
            "version that wrote it"
        )
    values = whole | values
    if form == 1:
        _today_of_format_1(values)
    if form < 4 and values["train.schedule"] in ("constant", "step"):
        values["train.warmup_fraction"] = None
    return _nested(_plainly(values))


def _today_of_format_1(values: dict) -> None:
    """Gives values of format 1 that have another meaning now today's spelling."""
    values["model.name"] = renamed_from_path(values["model.name"])
    documents = len(parse_mixture(values["mixture"])) * values["data.train_per_group"]
    by_epochs = values["train.epochs"] * -(-documents // values["train.batch_size"])
    if documents and values["train.max_steps"] >= by_epochs:  # its epochs ended the run
        values["train.max_steps"] = 0


def differences(old: dict, new: dict) -> list[str]:
    """What would make another run of it, as `field: old -> new`; both configs complete.

    PLACES and OPERATIONAL fields are left out.
    """
    old, new = _plainly(flat(old)), _plainly(flat(new))
    return [
        f"{field}: {old.get(field)!r} -> {new.get(field)!r}"
        for field in sorted(old.keys() | new.keys())
        if field not in (*PLACES, *OPERATIONAL) and old.get(field) != new.get(field)
    ]


def warmup_fraction(schedule: str, given: float | None) -> float:
    """The share of all steps in which the learning rate goes up.

    Args:
      schedule: the config's `train.schedule`.
      given: its `train.warmup_fraction`.
    """
    return _OWN_WARMUP.get(schedule, 0.0) if given is None else given


def moved(old: dict, new: dict) -> list[str]:
    """The PLACES that are others than they were, as `field`."""
    old, new = flat(old), flat(new)
    return [field for field in PLACES if old[field] != new[field]]


def flat(tree: dict, prefix: str = "") -> dict:
    """{"a.b": value} of nested dicts; tuples become lists, as JSON has them."""
    values: dict = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            values |= flat(value, f"{prefix}{name}.")
        else:
            values[prefix + name] = list(value) if isinstance(value, tuple) else value
    return values


def _plainly(values: dict) -> dict:
    """The same with a warm-up unset that is the schedule's own: given or not, it is one run."""
    own = warmup_fraction(values.get("train.schedule", ""), None)
    is_own = values.get("train.warmup_fraction") == own
    return values | {"train.warmup_fraction": None} if is_own else values


def _nested(values: dict) -> dict:
    tree: dict = {}
    for field, value in values.items():
        *path, name = field.split(".")
        part = tree
        for step in path:
            part = part.setdefault(step, {})
        part[name] = value
    return tree
