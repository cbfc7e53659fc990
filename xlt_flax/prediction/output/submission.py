"""Submissions to SHINRA: target lines, each with the classes that a system gives its page."""

import json
from typing import Any, BinaryIO

from xlt_flax.prediction.answers import Answer
from xlt_flax.prediction.output.json_lines import Lines
from xlt_flax.prediction.table_in import Row

_DIGITS = 4  # of a probability


class Submission(Lines):
    """A Writer (output/shape) of the input's lines in the new layout:

        {"page_id":"8881","title":"…","ENEs":{"AUTO.mine.202611":[{"prob":0.94,"ENE":"1.7.19.13"}]}}

    A page without a text, or whose prediction is no number, has none: "ENEs":{}.

    Args:
      stream: of bytes.
      annotator: what stands before the classes.
    """

    def __init__(self, stream: BinaryIO, annotator: str):
        super().__init__(stream)
        self._annotator = annotator

    def _line(self, row: Row, answer: Answer) -> str:
        classes = _classes(answer) if any(row.texts) else []
        record = row.values | {"ENEs": {self._annotator: classes} if classes else {}}
        return json.dumps(record, ensure_ascii=False) + "\n"


def _classes(answer: Answer) -> list[dict[str, Any]]:
    probability = dict(answer.classes)
    return [{"prob": _rounded(probability[name]), "ENE": name} for name in answer.labels]


def _rounded(probability: float | None) -> float | None:
    return None if probability is None else round(probability, _DIGITS)
