"""A yardstick for every mixture: character n-grams and logistic regression, on the same documents.

Words of a language that was not trained on share few character n-grams with it, so across scripts
this is about the majority class: what a multilingual encoder adds is what stands above it. The
n-grams keep within words, and are 2 to 5 characters long (scikit-learn's `char_wb`).

What it predicts is kept in the study's folder, under a digest of all that it is made from.
"""

import hashlib
import importlib.metadata
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from xlt_flax import files
from xlt_flax.analysis.results import Results, Run, finished_of
from xlt_flax.analysis.yardsticks import Yardstick
from xlt_flax.data.examples import LabelSet
from xlt_flax.data.selection import needed_splits
from xlt_flax.data.sources import find_source
from xlt_flax.errors import UserError
from xlt_flax.stored_config import OPERATIONAL, PLACES
from xlt_flax.studies.own_text.runs import STAGES
from xlt_flax.studies.texts import TextCorpus, data_of
from xlt_flax.workdir import StudyFolder

log = logging.getLogger("xlt_flax")

TITLE = "character n-grams"
NGRAMS = (2, 5)  # characters
_MOST = 200_000  # documents: more would need tens of gigabytes
_STEPS = 1_000  # of logistic regression's optimizer, at most
_INSTALL = "scikit-learn is not installed: pip install 'xlt_flax[baseline]'"

Predicted = Mapping[str, Mapping[str, str]]  # target -> id of a document -> the label's name


def character_ngrams(results: Results) -> Yardstick:
    """What they get on each target, learned from what each mixture's finished runs learned from;
    the mean over draws. What cannot be computed is missing, and says why."""
    accuracies: dict[str, dict[str, float]] = {}
    missing: dict[str, None] = {}
    corpus = TextCorpus(find_source(data_of(results.runs)))
    for name, runs in _by_name(results).items():
        try:
            found = [_predicted(run, results, corpus) for run in runs]
        except (UserError, OSError) as error:
            missing[f"{TITLE[0].upper()}{TITLE[1:]} are missing: {error}"] = None
            continue
        for target in results.targets:
            each = [
                _accuracy(predicted[target], run, target)
                for predicted, run in zip(found, runs, strict=True)
            ]
            known = [value for value in each if value is not None]
            if known:
                accuracies.setdefault(target, {})[name] = float(np.mean(known))
    return Yardstick("character_ngrams", TITLE, accuracies, tuple(missing))


def _by_name(results: Results) -> dict[str, list[Run]]:
    """A mixture's name -> one finished run of each of its draws."""
    found: dict[str, dict[int, Run]] = {}
    for run in finished_of(results.runs):
        if run.table != STAGES and not run.apart:
            found.setdefault(run.name, {}).setdefault(run.draw, run)
    return {name: list(by_draw.values()) for name, by_draw in found.items()}


def _accuracy(predicted: Mapping[str, str], run: Run, target: str) -> float | None:
    """On the documents that the run was judged on there; None where it was on none."""
    judged = run.evaluations.get(target)
    if judged is None or not judged.ids:
        return None
    right = [predicted.get(name) == label for name, label in
             zip(judged.ids, judged.labels, strict=True)]  # fmt: skip
    return float(np.mean(right))


# ---- What was computed before ------------------------------------------------------------------


def _predicted(run: Run, results: Results, corpus: TextCorpus) -> Predicted:
    """Of every target's test documents.

    Raises:
      UserError, OSError: scikit-learn or the texts are not there, or are not what the run had.
    """
    data = data_of([run])
    made_from = _made_from(run, data, results.targets, corpus)
    digest = hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()
    path = StudyFolder(results.path).baseline / f"{digest[:32]}.json"
    try:
        return json.loads(path.read_text("utf-8"))["predicted"]
    except (OSError, ValueError, KeyError):
        predicted = _compute(run.mixture, data, results.targets, corpus)
    files.write_json(path, {"made_from": made_from, "predicted": predicted})
    return predicted


def _made_from(
    run: Run, data: ConfigDict, targets: Sequence[str], corpus: TextCorpus
) -> dict[str, object]:
    """All that decides what is predicted."""
    source = corpus.source
    needed = needed_splits(run.mixture, data.target_language, source)
    splits = sorted({*needed, *((target, "test") for target in targets)})
    digests = {f"{language}/{split}": source.digest(language, split) for language, split in splits}
    for name, digest in digests.items():
        recorded = run.record.identity.get(f"documents {name}")
        if recorded not in (None, digest):
            raise UserError(f"the {name} documents are not those that {run.label} was trained on")
    places = {name.removeprefix("data.") for name in (*PLACES, *OPERATIONAL)}
    return {
        "method": f"char_wb {NGRAMS}, TF-IDF, logistic regression of {_STEPS} steps",
        "scikit-learn": _version(),
        "mixture": run.mixture,
        "data": {name: value for name, value in data.items() if name not in places},
        "documents": digests,
    }


def _version() -> str:
    try:
        return importlib.metadata.version("scikit-learn")
    except importlib.metadata.PackageNotFoundError:
        raise UserError(_INSTALL) from None


# ---- Computing it ------------------------------------------------------------------------------


def _compute(
    mixture: str, data: ConfigDict, targets: Sequence[str], corpus: TextCorpus
) -> dict[str, dict[str, str]]:
    if corpus.source.labels.several:
        raise UserError("they are for one label a document, and documents here may have several")
    chosen = corpus.select(mixture, data)
    if len(chosen.train) > _MOST:
        raise UserError(f"{mixture} has more than {_MOST:,} documents, which they are too slow for")
    log.info("learning %s from the %d documents of %s", TITLE, len(chosen.train), mixture)
    model = NGramModel.learned(corpus.texts(chosen.train), chosen.train.labels, chosen.labels)
    found = {}
    for target in targets:
        documents = corpus.test_documents(target)
        names = model.predict(corpus.texts(documents))
        found[target] = dict(zip(documents.ids, names, strict=True))
    return found


@dataclass(frozen=True)
class NGramModel:
    """Character n-grams weighed by TF-IDF, and logistic regression on them.

    Attributes:
      vectorizer, classifier: scikit-learn's, fitted.
      labels: that it predicts.
    """

    vectorizer: Any  # scikit-learn ships no types
    classifier: Any
    labels: LabelSet

    @classmethod
    def learned(cls, texts: Sequence[str], numbers: np.ndarray, labels: LabelSet) -> "NGramModel":
        """
        Args:
          texts: to learn from.
          numbers: int (texts,), of the label of each.
          labels: that they may have.

        Raises:
          UserError: scikit-learn is not there, or there is nothing to tell apart.
        """
        try:
            from sklearn.feature_extraction.text import TfidfVectorizer
            from sklearn.linear_model import LogisticRegression
        except ImportError:
            raise UserError(_INSTALL) from None
        if len(np.unique(numbers)) < 2:
            raise UserError("all documents are of one class")
        vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=NGRAMS)
        try:
            features = vectorizer.fit_transform(texts)
        except ValueError:  # an empty vocabulary
            raise UserError("there is no text in the documents") from None
        classifier = LogisticRegression(max_iter=_STEPS).fit(features, numbers)
        return cls(vectorizer, classifier, labels)

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The name of the label of each text."""
        if not texts:
            return []
        numbers = self.classifier.predict(self.vectorizer.transform(texts))
        return self.labels.named(numbers.tolist())
