"""Which runs were made alike, and may share a cell, and how the others are named apart.

A run's setting is all that decides its result but for what a cell is over (seed and draw) and what
names it (the mixture, and the run that it started from): every field of its config and of its
source's, and the digests of what was read. Where things lay and how often they were saved is none.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from xlt_flax.analysis.fields import OF_SECOND_STAGE, Config, model_name
from xlt_flax.analysis.results import FINISHED, OTHER, Record, Run, Setting
from xlt_flax.config import base
from xlt_flax.stored_config import OPERATIONAL, PLACES, flat

_NOT_SETTINGS = (*OPERATIONAL, *PLACES, "seed", "mixture", "data.split_seed", "eval.languages")
_WEIGHTS, _TOKENIZER = "weights", "tokenizer"
_LONG, _EVALUATED_LONG = "data.long", "eval --long"
_SOURCES = "source's "


def identity(config: Config, content: dict) -> dict[str, str]:
    """What a run read -> its digest, as far as its config.json recorded it.

    Args:
      config: its fields.
      content: the whole of config.json.
    """
    started_from, data = content.get("started_from") or {}, content.get("data") or {}
    digests = {f"documents {split}": sha for split, sha in (data.get("documents") or {}).items()}
    digests[_TOKENIZER] = data.get("tokenizer")
    if "model" in started_from and config.get("model.init") == "pretrained":
        digests[_WEIGHTS] = started_from.get("digest")  # random ones go by the seed
    return {what: str(digest) for what, digest in digests.items() if digest}


def with_settings(runs: Sequence[Run]) -> list[Run]:
    """The runs with `setting` filled in, and those that were not made as most were named apart."""
    records = [record for run in runs for record in _chain(run.record)]
    names = _names_of_weights(records)
    usual = _usual_identity(records, names)
    runs = [replace(run, setting=_unplanned(run, names, usual)) for run in runs]
    if any(_is_read_otherwise(run) for run in runs):
        runs = [replace(run, setting=_with_long(run)) for run in runs]
    first = _most_common([run for run in runs if run.source is None])
    second = _most_common(
        [r for r in runs if r.source is not None and (not first or _of_source(r.setting) == first)]
    )
    return [_named_apart(run, first, second if run.source is not None else first) for run in runs]


def of_source(field: str) -> str:
    """What a source's field is called among the settings of the run that went on from it."""
    return _SOURCES + field


def _unplanned(run: Run, names: dict[str, str], usual: dict[str, str]) -> Setting | None:
    """A run's setting without what its study's plan changes for it."""
    setting = _setting(run.record, names, usual)
    return setting and tuple(
        (name, run.planned.get(name, value))
        for name, value in setting
        if not (name in run.planned and name.startswith(_SOURCES))
    )


def _is_read_otherwise(run: Run) -> bool:
    """Whether the target's long documents were evaluated in another way than it was trained."""
    return run.target is not None and run.target.long != run.record.config.get(
        _LONG, run.target.long
    )


def _with_long(run: Run) -> Setting | None:
    """The setting, with how long documents were evaluated."""
    if run.setting is None:
        return None
    long = run.target.long if run.target else run.record.config.get(_LONG)
    return tuple(sorted([*run.setting, (_EVALUATED_LONG, long)]))


def _chain(record: Record | None) -> list[Record]:
    """A run's and its earlier stages'."""
    return [] if record is None else [record, *_chain(record.source)]


def _names_of_weights(records: Sequence[Record]) -> dict[str, str]:
    """The digest of a model's weights -> the one name that it has here, wherever it lay."""
    names: dict[str, str] = {}
    for record in records:
        if _WEIGHTS in record.identity:
            names.setdefault(record.identity[_WEIGHTS], model_name(record.config))
    return names


def _model(record: Record, names: dict[str, str]) -> str:
    return names.get(record.identity.get(_WEIGHTS, ""), model_name(record.config))


def _named_identity(record: Record, names: dict[str, str]) -> dict[str, str]:
    """A tokenizer and weights belong to a model: two models may well differ in them."""
    model = _model(record, names)
    return {
        f"{what} of {model}" if what in (_WEIGHTS, _TOKENIZER) else what: digest
        for what, digest in record.identity.items()
    }


def _usual_identity(records: Sequence[Record], names: dict[str, str]) -> dict[str, str]:
    counts: dict[str, Counter] = {}
    for record in records:
        for what, digest in _named_identity(record, names).items():
            counts.setdefault(what, Counter())[digest] += 1
    return {what: digests.most_common(1)[0][0] for what, digests in counts.items()}


def _setting(record: Record, names: dict[str, str], usual: dict[str, str]) -> Setting | None:
    """None where the config is not there. Of digests it has those that are not the usual ones."""
    if not record.config:
        return None
    fields = record.config.items()
    items: dict[str, object] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in fields
        if name not in _NOT_SETTINGS
    }
    items["model.name"] = _model(record, names)
    if not record.config.get("init_from"):
        for name in OF_SECOND_STAGE:
            items.pop(name, None)
    own = _named_identity(record, names)
    items |= {what: digest for what, digest in own.items() if usual[what] != digest}
    source = record.source and _setting(record.source, names, usual)
    for name, value in source or ():
        if name not in OF_SECOND_STAGE and items.get(name) != value:
            items[of_source(name)] = value
    return tuple(sorted(items.items()))


def _of_source(setting: Setting | None) -> Setting | None:
    """The setting of the run that a second stage started from."""
    if setting is None:
        return None
    items = {name: value for name, value in setting if not name.startswith(_SOURCES)}
    for name in OF_SECOND_STAGE:
        items.pop(name, None)
    items |= {name[len(_SOURCES) :]: v for name, v in setting if name.startswith(_SOURCES)}
    return tuple(sorted(items.items()))


def _most_common(runs: Sequence[Run]) -> Setting | None:
    """The setting of most finished runs; of equals, the one with the most default values."""
    by_setting: dict[Setting, list[Run]] = {}
    for run in runs:
        if run.setting is not None:
            by_setting.setdefault(run.setting, []).append(run)

    def rank(setting: Setting) -> tuple[int, int, int]:
        those = by_setting[setting]
        finished = sum(run.status == FINISHED for run in those)
        return finished, len(those), -_changed(those[0].record.config)

    return max(by_setting, key=rank, default=None)


def _changed(config: Config) -> int:
    """How many fields that decide a result have another value than `config.base` gives them."""
    defaults = flat(base().to_dict())
    names = {name: defaults[name] for name in defaults if name not in _NOT_SETTINGS}
    names["model.name"] = model_name(defaults)
    own = {**config, "model.name": model_name(config)}
    return sum(own.get(name, default) != default for name, default in names.items())


def _named_apart(run: Run, first: Setting | None, main: Setting | None) -> Run:
    """The run, with what sets it apart in its name, and in no table of its study, if anything."""
    if run.setting is None or run.setting == main:
        return run
    own, usual = dict(run.setting), dict(main or first or ())
    if not usual:
        return run
    fields = own.keys() | usual.keys()
    if not main:
        fields -= {*OF_SECOND_STAGE}  # `first` has none
    said = []
    for name in sorted(fields):
        ours, theirs = (_value(values, name) for values in (own, usual))
        if ours != theirs:
            said.append(f"{name}={_shown(ours)}")
    return replace(run, name=f"{run.name} [{', '.join(said)}]", table=OTHER, apart=True)


def _value(setting: dict[str, object], name: str) -> object:
    """A source has the value of the run itself where none is noted."""
    own = name.removeprefix(_SOURCES)
    return setting.get(name, setting.get(own, "the usual"))


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    return text[:8] if len(text) == 64 else text
