"""What predictions come to, in numbers: counted part by part, so that any number of them fits.

Pure numbers: nothing in here knows a model or a file.
"""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from xlt_flax.data.examples import LabelSet
from xlt_flax.evaluation.predictions import Predictions

_BINS = 15  # of ECE


class Scores:
    """Counts predictions as they come, and says what they are worth.

    Documents without a label are counted in `unlabeled` and `problems` alone, as there is nothing
    to judge them by, unless that is their answer (`Predictions.none_is_known`). Where nothing is
    judged, a score is None.

    Args:
      labels: that documents may have.
    """

    def __init__(self, labels: LabelSet):
        self.labels = labels
        self.n = 0  # judged
        self.unlabeled = 0
        self.seen = 0
        self._correct = self._correct_unseen = 0
        self._losses: list[np.ndarray] = []
        self._sizes = np.zeros((3, len(labels)), np.int64)  # right, said, true: of each label
        self._pairs = np.zeros((len(labels), len(labels)), np.int64)
        self._bins = np.zeros((3, _BINS))  # documents, right ones, sum of probabilities
        self._predicted = 0  # of those that are judged
        self._squares = 0.0  # of the distances of their probabilities from the truth
        self._without_prediction = 0
        self._said: Counter[bytes] = Counter()  # sets of labels, as rows of bits
        self._true: Counter[bytes] = Counter()

    def add(self, part: Predictions, seen: np.ndarray | None = None) -> None:
        """Counts some documents more. One that the model has no prediction of counts as wrong.

        Args:
          part: of the predictions.
          seen: bool[documents], which of the part were trained or validated on; None: none.
        """
        true, said, finite = part.true, part.said, part.finite
        self._said.update(_sets(said[finite]))
        self._without_prediction += int((~finite).sum())
        judged = part.labelled
        self.unlabeled += int((~judged).sum())
        seen = np.zeros(len(true), bool) if seen is None else seen
        self._count_judged(true[judged], said[judged], seen[judged])
        self._losses.append(part.losses[judged])
        sure = judged & finite
        self._predicted += int(sure.sum())
        self._squares += float(((part.probabilities[sure] - true[sure]) ** 2).sum())
        if not self.labels.several:
            self._count_pairs(true[sure], said[sure], part.probabilities[sure].max(-1))

    def _count_judged(self, true: np.ndarray, said: np.ndarray, seen: np.ndarray) -> None:
        correct = (true == said).all(-1)
        self.n += len(true)
        self.seen += int(seen.sum())
        self._correct += int(correct.sum())
        self._correct_unseen += int(correct[~seen].sum())
        self._sizes += [(true & said).sum(0), said.sum(0), true.sum(0)]
        self._true.update(_sets(true))

    def _count_pairs(self, true: np.ndarray, said: np.ndarray, probabilities: np.ndarray) -> None:
        """Of documents with one label and one prediction of this probability: float[documents]."""
        label, prediction, size = true.argmax(-1), said.argmax(-1), len(self.labels)
        pairs = np.bincount(label * size + prediction, minlength=size * size)
        self._pairs += pairs.reshape(size, size)
        bins = np.clip(np.ceil(probabilities * _BINS).astype(int) - 1, 0, _BINS - 1)
        for row, weight in enumerate((None, label == prediction, probabilities)):
            self._bins[row] += np.bincount(bins, weight, _BINS)

    # ---- What the counts come to -------------------------------------------------------------

    @property
    def accuracy(self) -> float | None:
        """The share that is right; with several labels, of documents whose whole set is right."""
        return self._correct / self.n if self.n else None

    @property
    def accuracy_unseen(self) -> float | None:
        """The same without documents that were trained or validated on; None if none is left."""
        unseen = self.n - self.seen
        return self._correct_unseen / unseen if unseen else None

    @property
    def losses(self) -> np.ndarray:
        """float32[judged], in the order in which they came."""
        return np.concatenate([np.zeros(0, np.float32), *self._losses])

    @property
    def loss(self) -> float | None:
        """The mean; not a number if that of one document is none."""
        return float(self.losses.astype(np.float64).mean()) if self.n else None

    @property
    def confusion(self) -> list[list[int]] | None:
        """[true label][predicted label]; None with several labels a document. A document without a
        prediction is in no column, so a row may hold fewer than there are of its label."""
        return None if self.labels.several else self._pairs.tolist()

    @property
    def per_class(self) -> dict[str, dict[str, float | int]]:
        """{label: {"precision", "recall", "f1", "support"}}; 0 where there is nothing to divide by.
        A document without a prediction is one that each of its labels missed."""
        return {
            name: {
                "precision": float(right / max(said, 1)),
                "recall": float(right / max(true, 1)),
                "f1": float(2 * right / max(true + said, 1)),
                "support": int(true),
            }
            for name, (right, said, true) in zip(self.labels.names, self._sizes.T, strict=True)
        }

    @property
    def macro_f1(self) -> float | None:
        """The plain mean of the labels' F1, 0 for a label with neither truth nor guess."""
        right, said, true = self._sizes
        return float((2 * right / np.maximum(true + said, 1)).mean()) if self.n else None

    @property
    def micro_f1(self) -> float | None:
        """F1 of all labels' decisions pooled; of one label a document, it is the accuracy unless
        some have no prediction."""
        right, said, true = self._sizes.sum(-1)
        return float(2 * right / max(true + said, 1)) if self.n else None

    @property
    def ece(self) -> float | None:
        """Expected calibration error (Guo et al. 2017, On calibration of modern neural networks).

        Documents fall into 15 bins of equal width, (0, 1/15], (1/15, 2/15], …, by the largest of
        their probabilities; it is the mean over documents of the distance between their bin's share
        of right ones and its mean probability. Those without a prediction are in no bin. None with
        several labels a document: its set has no probability.
        """
        documents, right, probability = self._bins
        return (
            float(np.abs(right - probability).sum() / documents.sum()) if documents.any() else None
        )

    @property
    def brier(self) -> float | None:
        """Brier's score (Brier 1950, Verification of forecasts expressed in terms of probability).

        The mean over documents of the sum over labels of (p - y)^2, y being 1 for a label that the
        document has and 0 for another: from 0 to 2 with one label a document, to the number of
        labels with several. Those without a prediction are left out.
        """
        return self._squares / self._predicted if self._predicted else None

    @property
    def majority(self) -> float | None:
        """The share of the most frequent label, or set of labels: what a model that says no other
        gets right."""
        return max(self._true.values()) / self.n if self.n else None

    def as_json(self) -> dict:
        """All of it as eval/<language>.json has it: None stands for what is no number."""
        loss = self.loss
        return {
            "accuracy": self.accuracy,
            "loss": loss if loss is not None and np.isfinite(loss) else None,
            "macro_f1": self.macro_f1,
            "micro_f1": self.micro_f1,
            "per_class": self.per_class,
            "ece": self.ece,
            "brier": self.brier,
            "n": self.n,
            "unlabeled": self.unlabeled,
            "seen": self.seen,
            "accuracy_unseen": self.accuracy_unseen,
            "majority": self.majority,
            "confusion": self.confusion,
            "problems": self.problems(),
        }

    def problems(self) -> list[str]:
        """What makes the scores no measure of a model, a plain sentence each; empty if nothing."""
        found, said = [], self._said.total()
        documents = f"{said + self._without_prediction:,} documents"
        if not self.n:
            found.append(f"none of {documents} has a label: they are predicted, and not judged")
        if self._without_prediction:
            found.append(
                f"the model's output is not a number for {self._without_prediction:,} of "
                f"{documents}{', which count as wrong' if self.n else ''}"
            )
            documents = f"other {said:,} documents"
        if said > 1 and len(self._said) == 1 and len(self._true) != 1:
            what = "the same labels" if self.labels.several else "one class"
            found.append(f"all {documents} were given {what}, {self._names(*self._said)}")
        return found

    def _names(self, row: bytes) -> str:
        bits = np.unpackbits(np.frombuffer(row, np.uint8), count=len(self.labels))
        return ", ".join(name for name, has in zip(self.labels.names, bits, strict=True) if has)


def scores_of(parts: Iterable[Predictions], labels: LabelSet) -> Scores:
    """What a stream of predictions comes to."""
    scores = Scores(labels)
    for part in parts:
        scores.add(part)
    return scores


def _sets(rows: np.ndarray) -> dict[bytes, int]:
    """How often each set of labels comes: a row's bits -> rows of bool[documents, labels]."""
    bits = np.packbits(rows, axis=-1)
    found, counts = np.unique(bits, axis=0, return_counts=True)
    return {row.tobytes(): int(count) for row, count in zip(found, counts, strict=True)}
