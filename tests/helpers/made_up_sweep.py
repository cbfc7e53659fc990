"""Makes sweeps with known answers: the files that training, eval and sweep would have written."""

import itertools
import json
from pathlib import Path

import numpy as np

from xlt_flax.config import base
from xlt_flax.studies.thesis import reported


def write_lines(path: Path, values) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")


def document_ids(count: int, language: str = "ja") -> list[str]:
    return [f"{language}/music/test/{number}" for number in range(count)]


def right_documents(accuracy: float, documents: int, rng, difficulty=None) -> np.ndarray:
    """bool (documents,), exactly round(accuracy * documents) of them True, the easier rather."""
    if difficulty is None:
        difficulty = np.zeros(documents)
    order = np.argsort(difficulty + rng.normal(size=documents))
    right = np.zeros(documents, bool)
    right[order[: round(accuracy * documents)]] = True
    return right


def write_evaluation(
    folder: Path, language: str, right: np.ndarray, note: str = "", **more
) -> None:
    """`more`: other values of the JSON file; those of older evals have none of them."""
    labels = np.arange(len(right)) % 2
    predictions = np.where(right, labels, 1 - labels)
    names = document_ids(len(right), language)
    rows = zip(names, labels, predictions, strict=True)
    write_lines(
        folder / "eval" / f"{language}.predictions.jsonl",
        [
            {"id": name, "label": int(label), "prediction": int(guess), "probabilities": [0.5, 0.5]}
            for name, label, guess in rows
        ],
    )
    summary = {
        "accuracy": float(right.mean()),
        "loss": 0.55,
        "macro_f1": float(right.mean()) - 0.002,
        "n": len(right),
        "checkpoint": "best",
        "checkpoint_step": 1500,
    }
    if note:
        summary["note"] = note
    write_lines(folder / "eval" / f"{language}.json", [{**summary, **more}])


def write_curve(folder: Path, accuracy: float, rng, epochs: int = 10) -> dict:
    """Writes metrics.jsonl and returns its best validation."""
    lines = []
    for epoch in range(1, epochs + 1):
        gone = 1 - np.exp(-epoch / 2)
        for split, final, loss in (
            ("train", 0.99, 0.7 - 0.65 * gone),
            ("validation", accuracy + 0.12, 0.5 - 0.2 * gone + 0.012 * epoch),
            ("ja", accuracy, 0.6 - 0.1 * gone + 0.02 * epoch),
        ):
            noisy = 0.5 + (final - 0.5) * gone + rng.normal(0, 0.006)
            line = {"step": epoch * 375, "epoch": epoch, "split": split}
            lines.append({**line, "loss": loss, "accuracy": min(noisy, 1.0)})
    write_lines(folder / "metrics.jsonl", lines)
    validations = [line for line in lines if line["split"] == "validation"]
    return min(validations, key=lambda line: line["loss"])


def write_audit(folder: Path, name: str, documents: int, overlap: int) -> None:
    train = 1000 * max(1, len(name.split("+")[0]) // 2)
    ids = document_ids(documents)[:overlap]
    audit = {
        "splits": {"train": {"documents": train}, "validation": {"documents": train // 10}},
        "duplicates": {
            "within_train": train // 100,
            "train_validation": {"documents": 2, "ids": []},
            "train_test": {"documents": len(ids), "ids": ids},
        },
    }
    write_lines(folder / "audit.json", [audit])


def write_config(folder: Path, name: str, seed: int, fields=None) -> None:
    """The thesis's experiment, with other `fields` ({"train.epochs": 1})."""
    source, _, mixture = name.rpartition("+")
    config = base()
    config.seed, config.mixture = seed, mixture
    config.data.data_dir = str(folder.parent / "data")
    if source:
        config.init_from = f"{folder.parent}/{source}-seed{seed}"
        config.protocol = "thesis"
    config.update_from_flattened_dict(fields or {})
    content = {"config": config.to_dict(), "versions": {"xlt_flax": "0", "workdir": 1}}
    write_lines(folder / "config.json", [content])


def write_run(
    folder: Path,
    name: str,
    seed: int,
    right: np.ndarray,
    rng,
    note: str = "",
    overlap: int = 0,
    fields=None,
) -> None:
    """One finished run's folder."""
    write_config(folder, name, seed, fields)
    best = write_curve(folder, float(right.mean()), rng)
    write_audit(folder, name, len(right), overlap)
    write_evaluation(folder, "ja", right, note)
    write_lines(folder / "DONE", [{"step": 3750, "best": best}])


def write_plan(folder: Path, seeds, names=tuple(reported.ACCURACY), draws=()) -> None:
    runs = [
        {
            "name": name,
            "mixture": name.rpartition("+")[2],
            "table": reported.TABLE_OF.get(name, "other"),
            "source": name.rpartition("+")[0] or None,
        }
        for name in names
    ]
    folder.mkdir(parents=True, exist_ok=True)
    plan = {"config": {}, "seeds": list(seeds), "runs": runs}
    if draws:
        plan["draws"] = list(draws)
    (folder / "sweep.json").write_text(json.dumps(plan), encoding="utf-8")


def write_sweep(
    folder: Path,
    seeds=(50,),
    documents: int = 2000,
    accuracies=None,
    seed_sd: float = 0.0,
    overlap: int = 0,
    notes=None,
    draws=(50,),
) -> Path:
    """A whole finished sweep; J1 runs overlap the first `overlap` test documents."""
    rng = np.random.default_rng(0)
    accuracies = reported.ACCURACY if accuracies is None else accuracies
    write_plan(folder, seeds, tuple(accuracies), draws if draws != (50,) else ())
    difficulty = 1.5 * rng.normal(size=documents)
    for name, accuracy in accuracies.items():
        for draw, seed in itertools.product(draws, seeds):
            drawn = float(np.clip(accuracy + seed_sd * rng.normal(), 0, 1))
            write_run(
                folder / folder_name(name, seed, draw),
                name,
                seed,
                right_documents(drawn, documents, rng, difficulty),
                rng,
                note=(notes or {}).get(name, ""),
                overlap=overlap if name.endswith("J1") else 0,
                fields={"data.split_seed": draw},
            )
    return folder


def folder_name(name: str, seed: int, draw: int = 50) -> str:
    """As a sweep whose own draw is 50 names its folders."""
    return f"{name}-seed{seed}" if draw == 50 else f"{name}-draw{draw}-seed{seed}"
