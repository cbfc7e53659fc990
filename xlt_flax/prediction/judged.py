"""What predictions are worth, where the input has labels."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xlt_flax.data.examples import LabelSet
from xlt_flax.errors import UserError
from xlt_flax.evaluation.scores import Scores
from xlt_flax.evaluation.table import number_in_words
from xlt_flax.prediction.classify import Classified
from xlt_flax.prediction.table_in import Row, TableIn

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
        several = self._labels.several
        self._scores.add(part.judged(true, several))
        sure = Classified(part.probabilities[~unsure], part.said[~unsure], part.is_cut[~unsure])
        self._kept.add(sure.judged(true[~unsure], several))

    def as_json(self) -> dict[str, Any]:
        """As eval/<language>.json has it; "seen" is None: it was not looked at."""
        scores = self._scores.as_json()
        scores |= {"seen": None, "accuracy_unseen": None}
        scores["problems"] += [_NOT_LOOKED_AT] if self._scores.n else []
        return scores | {
            "abstained": self._scores.n - self._kept.n,
            "accuracy_not_abstained": self._kept.accuracy,
        }

    def _numbers(self, text: str, where: str) -> list[int]:
        """Of a document's labels; [] of none."""
        names = [text] if not self._labels.several else text.split(";")
        return [self._number(name.strip(), where) for name in names if name.strip()]

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
    names = ("accuracy", "majority", "macro_f1", "loss", "ece")
    accuracy, majority, macro_f1, loss, ece = (number_in_words(scores[name]) for name in names)
    line = (
        f"judged on {scores['n']:,} documents: accuracy {accuracy} (majority class {majority}), "
        f"macro-F1 {macro_f1}, log loss {loss}, ECE {ece}"
    )
    if scores["abstained"]:
        kept = number_in_words(scores["accuracy_not_abstained"])
        line += f"; accuracy without the {scores['abstained']:,} abstained from {kept}"
    if scores["unlabeled"]:
        line += f"; {scores['unlabeled']:,} more have no label and are not judged"
    return "\n".join([line, *scores["problems"]])
