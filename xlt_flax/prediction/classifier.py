"""A trained model as Python code uses it, with the names that scikit-learn has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from os import PathLike, fspath
from pathlib import Path

import numpy as np

from xlt_flax.data.examples import LabelSet
from xlt_flax.errors import RunError, UserError
from xlt_flax.evaluation.scores import Scores
from xlt_flax.prediction.classify import Classified, classify
from xlt_flax.prediction.export import export_model
from xlt_flax.prediction.model_card import card_of_model, card_of_run
from xlt_flax.prediction.opening import open_whole
from xlt_flax.prediction.trained import Trained
from xlt_flax.workdir import Workdir, is_workdir

Text = str | tuple[str, str]


class Classifier:
    """A trained classifier.

        classifier = xlt_flax.Classifier.load("runs/tickets/en-seed50")
        classifier.predict(["…", "…"])          # array(["bug", "praise"])
        classifier.predict_proba(["…", "…"])    # float64[texts, labels], in the order of .labels

    Texts are strings, or pairs of them as tuples; any iterable of them will do. There is one row of
    each, in order, of an empty one too.

    Args:
      model: of `prediction.opening`.
      workdir: that it is of; None: a folder.
    """

    def __init__(self, model: Trained, workdir: Workdir | None = None):
        self._model, self._workdir = model, workdir

    @classmethod
    def load(cls, place: str | PathLike[str], checkpoint: str = "best") -> Classifier:
        """The model of a workdir, of a folder that transformers or `save` wrote, or of a hub id.

        Args:
          place: of the model.
          checkpoint: of a workdir: "best", "latest" or a step.

        Raises:
          UserError: there is none, or it is not as it should be.
        """
        workdir = Workdir(place) if is_workdir(place) else None
        return cls(open_whole(place, checkpoint), workdir)

    @property
    def labels(self) -> list[str]:
        """The names of the labels, in the order of the probabilities."""
        return list(self._model.labels.names)

    @property
    def classes_(self) -> np.ndarray:
        """The same, as scikit-learn calls them."""
        return np.array(self.labels)

    def predict(
        self, texts: Iterable[Text], long: str | None = None
    ) -> np.ndarray | list[list[str]]:
        """The label of each text by name, str[texts]; of a model that may give several, a list of
        them for each text.

        Args:
          texts: to classify.
          long: what becomes of texts that are longer than the model reads: "truncate" or "windows";
            None: as the model was trained, config.data.long of its run.

        Raises:
          UserError: `texts` is one string, or what is in it is no text.
          RunError: the model's output is no number.
        """
        labels = self._model.labels
        rows = (row for part in self._parts(texts, long) for row in part.said)
        named = [labels.named(np.flatnonzero(row).tolist()) for row in rows]
        return named if labels.several else np.array([names[0] for names in named], dtype=np.str_)

    def predict_proba(self, texts: Iterable[Text], long: str | None = None) -> np.ndarray:
        """float64[texts, labels]: the probability of each label; arguments and errors as of
        `predict`, whose labels are the most probable ones here."""
        empty = np.zeros((0, len(self._model.labels)))
        return np.concatenate([empty, *(p.probabilities for p in self._parts(texts, long))])

    def evaluate(
        self,
        texts: Iterable[Text],
        labels: Iterable[str | Collection[str]],
        long: str | None = None,
    ) -> dict:
        """What predictions of texts with known labels come to, as eval/<language>.json has it.

        Args:
          texts: to classify.
          labels: the name of each one's label; of a model that may give several, a list of them,
            or a set, empty for none.
          long: as of `predict`.

        Raises:
          UserError: a label is not one of the model's, or there are not as many as texts.
        """
        scores, known = Scores(self._model.labels), iter(labels)
        for part in self._parts(texts, long):
            rows = [_row(label, self._model.labels) for label in islice(known, len(part))]
            if len(rows) < len(part):
                raise UserError("there are fewer labels than texts")
            several = self._model.labels.several
            scores.add(part.judged(np.array(rows), several, none_is_known=several))
        if next(known, None) is not None:
            raise UserError("there are more labels than texts")
        return scores.as_json()

    def score(self, texts: Iterable[Text], labels: Iterable[str | Collection[str]]) -> float:
        """The accuracy, as scikit-learn's `score`: with several labels, of whole sets."""
        return float(self.evaluate(texts, labels)["accuracy"])

    def save(self, folder: str | PathLike[str]) -> None:
        """Writes a folder that transformers opens, in PyTorch too, and `load`.

        Raises:
          UserError: the folder is not empty, or no class of transformers computes the model.
        """
        model = self._model
        card = card_of_run(model, self._workdir, []) if self._workdir else card_of_model(model)
        export_model(model, Path(fspath(folder)).expanduser(), card)

    def _parts(self, texts: Iterable[Text], long: str | None) -> Iterator[Classified]:
        if isinstance(texts, str):
            raise UserError("texts is one string: give a list of texts, [text]")
        for part in classify(self._model, map(_as_tuple, texts), long):
            if not np.isfinite(part.probabilities).all():
                raise RunError("the model's output is not a number: it did not learn, or is broken")
            yield part


def _as_tuple(text: Text) -> tuple[str, ...]:
    parts = (text,) if isinstance(text, str) else text
    if not isinstance(parts, tuple) or len(parts) > 2 or not all(isinstance(p, str) for p in parts):
        raise UserError(
            f"{str(text)[:80]!r} ({type(text).__name__}) is no text and no pair of texts"
        )
    return parts


def _row(label: str | Collection[str], labels: LabelSet) -> np.ndarray:
    """bool[labels]: which a text has."""
    row = np.zeros(len(labels), bool)
    for name in [label] if isinstance(label, str) else label:
        if name not in labels.names:
            raise UserError(f"{name!r} is no label of the model: it has {', '.join(labels.names)}")
        row[labels.number_of(name)] = True
    return row
