"""Weights of classes in the loss, as `config.train.class_weights` spells them."""

import math
import re
from collections.abc import Mapping

import numpy as np

from xlt_flax.data.examples import LabelSet
from xlt_flax.errors import UserError

NONE, BALANCED = "none", "balanced"

_FIELD = "config.train.class_weights"
_GIVEN = re.compile(r"([^=].*?)=([^=,]+)(?:,|$)")  # a name may hold commas, and = in its middle


def parse_class_weights(spelling: str) -> dict[str, float]:
    """{name: weight} of those that a spelling lists; none of "none" and "balanced".

    Raises:
      UserError: it is no such spelling, lists a class twice, or a weight is not above 0.
    """
    if spelling in (NONE, BALANCED):
        return {}
    found, end = {}, 0
    for match in _GIVEN.finditer(spelling):
        name, weight = match[1].strip(), _number(match[2])
        if match.start() != end or not 0 < weight < math.inf or name in found:
            break
        found[name], end = weight, match.end()
    if not found or end != len(spelling) or spelling.endswith(","):
        raise UserError(
            f"{_FIELD} is {spelling!r}: give {NONE}, {BALANCED}, or classes with a weight above 0, "
            "each once, as in bug=2,praise=0.5"
        )
    return found


def require_names(spelling: str, labels: LabelSet) -> None:
    """
    Raises:
      UserError: the spelling lists a class that there is not.
    """
    for name in parse_class_weights(spelling):
        if name not in labels.names:
            raise UserError(f"{_FIELD} has {name!r}, which is no class: {_some(labels.names)}")


def class_weights_of(spelling: str, labels: LabelSet, totals: np.ndarray) -> np.ndarray | None:
    """The weight of each class, float32[classes]; None where all documents count the same.

    "balanced" is scikit-learn's: N / (K n_c) for a class that n_c of the N documents have, K
    being the classes that any has. A class without documents, and one that is not listed, weighs 1.

    Args:
      spelling: `config.train.class_weights`.
      labels: the classes.
      totals: int64[classes], the run's training documents of each.

    Raises:
      UserError: as of `require_names`.
    """
    require_names(spelling, labels)
    if spelling == NONE:
        return None
    if spelling == BALANCED:
        return _balanced(totals)
    return _listed(parse_class_weights(spelling), labels)


def _balanced(totals: np.ndarray) -> np.ndarray:
    held = totals > 0
    even = totals.sum() / max(held.sum(), 1)
    return np.where(held, even / np.maximum(totals, 1), 1).astype(np.float32)


def _listed(given: Mapping[str, float], labels: LabelSet) -> np.ndarray:
    return np.array([given.get(name, 1) for name in labels.names], np.float32)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _some(names: tuple[str, ...]) -> str:
    listed = ", ".join(names[:10])
    return f"there are {listed}" + (f" and {len(names) - 10} more" if len(names) > 10 else "")
