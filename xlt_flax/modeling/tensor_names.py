"""Under which names files hold a model's weights.

Files have PyTorch's names ("weight", matrices turned) or the library's Flax ones ("kernel"), with
the encoder's name before them or, from a model without a head, without it.
"""

from collections.abc import Iterator
from typing import NamedTuple

# Flax's last name to what files may call it; BERT's layer norms were once TensorFlow's.
_LEAVES = {
    "kernel": ("weight", "kernel"),
    "embedding": ("weight", "embedding"),
    "scale": ("weight", "gamma", "scale"),
    "bias": ("bias", "beta"),
}


class StoredName(NamedTuple):
    """A name in a file, and whether the matrix under it is turned."""

    name: str
    is_turned: bool


def stored_names(path: str, encoder_name: str) -> Iterator[StoredName]:
    """The names that files may have for a path of a model's tree, those with all of it first.

    Args:
      path: joined by "/".
      encoder_name: under which the tree has the encoder.
    """
    *places, leaf = path.split("/")
    without = places[1:] if places[:1] == [encoder_name] else None
    for start in (places, without) if without else (places,):
        for name in _LEAVES.get(leaf, (leaf,)):
            yield StoredName(".".join([*start, name]), leaf == "kernel" and name == "weight")
