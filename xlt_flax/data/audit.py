"""What a run's data is, and where its parts overlap: the content of `audit.json`."""

import numpy as np

from xlt_flax.data.documents import Documents
from xlt_flax.data.selection import Selection

_QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0)


def audit(selection: Selection, test: Documents, target_language: str, max_length: int) -> dict:
    """Counts documents, labels, token lengths and exact duplicates of a run.

    Duplicates are equal texts. A count is of documents on the right-hand side of its name: for
    `train_test`, how many test documents have a text that training or validation has seen.
    """
    train, validation = selection.train, selection.validation
    seen = np.concatenate([train.digests, validation.digests])
    return {
        "target_language": target_language,
        "groups": _groups(selection),
        "splits": {
            name: _split(documents, max_length)
            for name, documents in (("train", train), ("validation", validation), ("test", test))
        },
        "duplicates": {
            "within_train": len(train) - len(np.unique(train.digests)),
            "train_validation": _overlap(train.digests, validation),
            "train_test": _overlap(seen, test),
        },
    }


def summary(report: dict) -> str:
    """The audit in one line, for the log."""
    documents = {name: split["documents"] for name, split in report["splits"].items()}
    duplicates = report["duplicates"]
    return (
        f"data: {documents['train']} training, {documents['validation']} validation and "
        f"{documents['test']} {report['target_language']} test documents; repeated texts: "
        f"{duplicates['within_train']} within training, "
        f"{duplicates['train_validation']['documents']} in training and validation, "
        f"{duplicates['train_test']['documents']} in training and test"
    )


def _groups(selection: Selection) -> dict:
    parts = {"train": selection.train, "validation": selection.validation}
    groups = {group.name: {} for group in selection.groups}
    for name, documents in parts.items():
        size = len(documents) // max(len(groups), 1)
        for i, group in enumerate(groups):
            rows = slice(i * size, (i + 1) * size)
            groups[group][name] = {
                "documents": size,
                "labels": _labels(documents.labels[rows]),
                "ids": documents.ids[rows],
            }
    return groups


def _split(documents: Documents, max_length: int) -> dict:
    lengths = documents.lengths
    quantiles = np.quantile(lengths, _QUANTILES) if len(lengths) else np.zeros(len(_QUANTILES))
    return {
        "documents": len(documents),
        "labels": _labels(documents.labels),
        "token_lengths": {
            "mean": round(float(lengths.mean()), 2) if len(lengths) else 0.0,
            **{f"{q:g}": float(v) for q, v in zip(_QUANTILES, quantiles, strict=True)},
            "at_max_length": int((lengths == max_length).sum()),
        },
    }


def _labels(labels: np.ndarray) -> dict:
    return {"negative": int((labels == 0).sum()), "positive": int((labels == 1).sum())}


def _overlap(seen: np.ndarray, documents: Documents) -> dict:
    repeated = np.flatnonzero(np.isin(documents.digests, seen))
    return {"documents": len(repeated), "ids": [documents.ids[i] for i in repeated]}
