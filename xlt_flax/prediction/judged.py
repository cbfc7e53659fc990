"""What predictions are worth, where the input has labels."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xlt_flax.data.examples import LabelSet
from xlt_flax.data.sources.files.columns import Labels
from xlt_flax.data.sources.files.records import split_labels
from xlt_flax.errors import UserError
from xlt_flax.evaluation.scores import Scores
from xlt_flax.evaluation.table import number_in_words
from xlt_flax.prediction.classify import Classified
from xlt_flax.prediction.table_in import Row, TableIn

_SHOWN = {
    "accuracy": "accuracy",
    "majority": "majority class",
    "macro_f1": "macro-F1",
    "loss": "log loss",
    "ece": "ECE",
}
_SHOWN_OF_SETS = {  # a set has no probability, and so no calibration error
    "micro_f1": "micro-F1",
    "macro_f1": "macro-F1",
    "accuracy": "exact match",
    "majority": "most frequent set",
    "loss": "log loss",
}
_NOT_LOOKED_AT = (
    "whether the model was trained on some of them was not looked at: eval does, of the test sets "
    "of its run"
)


class Judge:
    """Counts predictions of documents with labels as they come.

    A document that the model abstains from counts as what the model would have said; scores say
    what is right without those as well.

    Args:
      looked: the input, with a column of labels.
      labels: that the model knows.

    Raises:
      UserError: the input is a file, and has a label that the model does not know.
    """

    def __init__(self, looked: TableIn, labels: LabelSet):
        self._looked, self._labels = looked, labels
        self._scores, self._kept = Scores(labels), Scores(labels)
        # Of several labels, none is an answer as well, unless the column is empty as a whole.
        self._none_is_known = labels.several and (looked.count is None or bool(looked.labels))
        for label, where in looked.labels.items():
            self._numbers(label, where)

    def add(self, rows: Sequence[Row], part: Classified, unsure: np.ndarray) -> None:
        """
        Args:
          rows: of the documents.
          part: what is predicted of them.
          unsure: bool[documents], which the model abstains from.

        Raises:
          UserError: a document has a label that the model does not know.
        """
        true = np.zeros(part.said.shape, bool)
        for place, row in enumerate(rows):
            true[place, self._numbers(row.label, self._looked.where(row))] = True
        how = self._labels.several, self._none_is_known
        self._scores.add(part.judged(true, *how))
        sure = Classified(part.probabilities[~unsure], part.said[~unsure], part.is_cut[~unsure])
        self._kept.add(sure.judged(true[~unsure], *how))

    def as_json(self) -> dict[str, Any]:
        """As eval/<language>.json has it; "seen" is None: it was not looked at."""
        scores = self._scores.as_json()
        scores |= {"seen": None, "accuracy_unseen": None}
        scores["problems"] += [_NOT_LOOKED_AT] if self._scores.n else []
        return scores | {
            "abstained": self._scores.n - self._kept.n,
            "accuracy_not_abstained": self._kept.accuracy,
        }

    def _numbers(self, label: str | Labels, where: str) -> list[int]:
        """Of a document's labels; [] of none."""
        columns, several = self._looked.columns, self._labels.several
        names = split_labels(label, columns.labels_separator if several else "")
        if len(names) > 1 and not several:
            raise UserError(
                f"{where}: column {columns.label!r} has several labels, and the model gives one: "
                "give one each, or leave out --label_column"
            )
        return [self._number(name, where) for name in names]

    def _number(self, name: str, where: str) -> int:
        renamed: Mapping[str, str] = self._looked.columns.rename
        try:
            return self._labels.number_of(renamed.get(name, name))
        except KeyError:
            known = ", ".join(self._labels.names[:20])
            raise UserError(
                f"{where}: column {self._looked.columns.label!r} is {name!r}, and the model knows "
                f"no such label, but {known}: change it, or leave out --label_column"
            ) from None


def scores_in_words(scores: Mapping[str, Any]) -> str:
    """A line of the numbers, and one of what must be known of each."""
    names = _SHOWN if scores["confusion"] is not None else _SHOWN_OF_SETS
    shown = (f"{said} {number_in_words(scores[name])}" for name, said in names.items())
    line = f"judged on {scores['n']:,} documents: {', '.join(shown)}"
    if scores["abstained"]:
        kept = number_in_words(scores["accuracy_not_abstained"])
        line += f"; accuracy without the {scores['abstained']:,} abstained from {kept}"
    if scores["unlabeled"]:
        line += f"; {scores['unlabeled']:,} more have no label and are not judged"
    return "\n".join([line, *scores["problems"]])
