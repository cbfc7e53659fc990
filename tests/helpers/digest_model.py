"""A model that is quick and exact: what it says of a text is a digest of it."""

import hashlib

import numpy as np

from xlt_flax.prediction.classify import Classified
from xlt_flax.training.objectives import multi_label, single_label

LENGTH = 20  # characters of a text, which stand for tokens


class Digests:
    """`classify` of a model whose logits are bytes of a text's digest. Of the text "no number" it
    puts out none."""

    def __init__(self):
        self.texts = []  # that it was asked for

    def __call__(self, model, texts, long, progress, window):
        texts = [*texts]
        assert len(texts) <= window
        self.texts += texts
        yield classified(texts, model.labels)
        progress(len(texts))


def classified(texts, labels):
    logits = np.array([_logits(one, len(labels)) for one in texts]).reshape(-1, len(labels))
    objective = multi_label if labels.several else single_label
    probabilities = objective.probabilities(logits)
    probabilities[[one == ("no number",) for one in texts]] = np.nan
    finite = np.isfinite(probabilities).all(-1)
    said = np.zeros(probabilities.shape, bool)
    found = objective.predicted(probabilities[finite])
    said[finite] = found if labels.several else np.eye(len(labels), dtype=bool)[found]
    return Classified(probabilities, said, np.array([len("".join(t)) > LENGTH for t in texts]))


def _logits(texts, labels):
    digest = hashlib.sha256("\0".join(texts).encode()).digest()
    return [byte / 64 - 2 for byte in digest[:labels]]
