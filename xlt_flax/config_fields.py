"""The names of all fields, and what to say of one that there is not."""

from difflib import get_close_matches

from xlt_flax.config import base
from xlt_flax.stored_config import flat


def known_fields() -> dict[str, object]:
    """{"train.batch_size": its default, …} of every field."""
    return flat(base().to_dict())


def nearest_fields(field: str) -> list[str]:
    """Those that may be meant by a field that no config has; train's first."""
    by_end: dict[str, list[str]] = {}
    for name in sorted(known_fields(), key=lambda name: not name.startswith("train.")):
        by_end.setdefault(name.rpartition(".")[2], []).append(name)
    ends = get_close_matches(field.rpartition(".")[2], by_end, n=1, cutoff=0.75)
    near = get_close_matches(field, known_fields(), n=1, cutoff=0.85)
    return near or [name for end in ends for name in by_end[end]]


def unknown_field(field: str) -> str:
    """What to say of a field that no config has: one line, with those that may be meant."""
    if near := nearest_fields(field):
        return f"the config has no field {field}; was config.{' or config.'.join(near)} meant?"
    return f"the config has no field {field}; python -m xlt_flax.main --help says which there are"
