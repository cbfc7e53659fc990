"""Reads a sweep's folder, or a run's, into plain values. Reads only; computes nothing.

A run is finished when DONE and the evaluation on the target language are there. What is not
finished is read as far as it goes and marked by its status.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from xlt_flax.analysis import thesis
from xlt_flax.errors import UserError

FINISHED = "finished"
UNFINISHED = "unfinished"  # a folder, without DONE: running, or stopped
NOT_EVALUATED = "not evaluated"  # DONE, without the target language's evaluation
NOT_STARTED = "not started"

_RUN_FOLDER = re.compile(r"(?P<name>.+)-seed(?P<seed>\d+)")


@dataclass(frozen=True)
class Evaluation:
    """One language's eval/<language>.json with its predictions.

    Attributes:
      language: its code.
      accuracy: over `documents`; a share.
      macro_f1, loss: as the file has them, or None.
      documents: number judged.
      note: what eval wants said of this result; "" for nothing.
      ids: document ids in the file's order; () without predictions.
      correct: bool (documents,); empty without predictions.
      predictions: the predicted classes (documents,).
    """

    language: str
    accuracy: float
    macro_f1: float | None
    loss: float | None
    documents: int | None
    note: str
    ids: tuple[str, ...] = ()
    correct: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    predictions: np.ndarray = field(default_factory=lambda: np.zeros(0, int))


@dataclass(frozen=True)
class Point:
    """One line of metrics.jsonl which carries a loss or an accuracy."""

    step: int
    epoch: float
    split: str
    loss: float | None
    accuracy: float | None


@dataclass(frozen=True)
class Audit:
    """What audit.json says of one run.

    Attributes:
      train, validation: numbers of documents, or None.
      within_train: training documents whose text occurred before.
      train_validation: validation documents whose text is in the training documents.
      test_ids: test documents whose text this run, or its source stage, trained or validated on.
    """

    train: int | None
    validation: int | None
    within_train: int | None
    train_validation: int | None
    test_ids: frozenset[str]


@dataclass(frozen=True)
class Run:
    """One run of one seed."""

    name: str
    mixture: str
    table: str
    source: str | None
    seed: int
    status: str
    workdir: Path
    config: dict
    evaluations: dict[str, Evaluation]
    curve: tuple[Point, ...]
    audit: Audit | None

    @property
    def label(self) -> str:
        return f"{self.name}-seed{self.seed}"

    @property
    def target(self) -> Evaluation | None:
        """The evaluation on the target language, of a finished run only."""
        return self.evaluations.get(thesis.TARGET_LANGUAGE) if self.status == FINISHED else None


@dataclass(frozen=True)
class Sweep:
    """All runs of a folder, in the sweep's order."""

    path: Path
    runs: tuple[Run, ...]
    planned: bool  # a sweep.json said which runs there should be

    def names(self) -> list[str]:
        return list(dict.fromkeys(run.name for run in self.runs))

    def of(self, name: str) -> list[Run]:
        return [run for run in self.runs if run.name == name]


def finished_of(runs: Sequence[Run]) -> list[Run]:
    """Those of the runs that are finished."""
    return [run for run in runs if run.status == FINISHED]


def read_sweep(path: Path) -> Sweep:
    """Reads a sweep's folder, a folder of runs, or one run.

    Raises:
      UserError: nothing to report there, or a file that cannot be read (named, with its line).
    """
    if not path.is_dir():
        raise UserError(f"--workdir={path}: no such folder; give the folder of a sweep or of a run")
    if (path / "sweep.json").exists():
        return Sweep(path, tuple(_planned_runs(path)), planned=True)
    folders = [path] if _is_run(path) else sorted(p for p in path.iterdir() if _is_run(p))
    if not folders:
        raise UserError(
            f"--workdir={path}: no sweep.json and no run in it; give the folder of a sweep or a run"
        )
    return Sweep(path, tuple(_unplanned_runs(folders)), planned=False)


def _is_run(folder: Path) -> bool:
    marks = ("config.json", "metrics.jsonl", "DONE", "eval")
    return folder.is_dir() and any((folder / mark).exists() for mark in marks)


def _planned_runs(path: Path) -> Iterator[Run]:
    plan_file = path / "sweep.json"
    plan = _read_object(plan_file)
    entries, seeds = plan.get("runs"), plan.get("seeds")
    if not isinstance(entries, list) or not isinstance(seeds, list):
        raise UserError(f"{plan_file}: wants lists named runs and seeds; start the sweep again")
    found: dict[str, set[int]] = {}
    for folder in path.iterdir():
        match = _RUN_FOLDER.fullmatch(folder.name)
        if match and _is_run(folder):
            found.setdefault(match["name"], set()).add(int(match["seed"]))
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise UserError(f"{plan_file}: a run without a name; start the sweep again")
        name = entry["name"]
        for seed in sorted({int(seed) for seed in seeds} | found.get(name, set())):
            table = str(entry.get("table") or thesis.TABLE_OF.get(name, "other"))
            yield _read_run(
                path / f"{name}-seed{seed}",
                name,
                str(entry.get("mixture") or name),
                table,
                entry.get("source"),
                seed,
            )


def _unplanned_runs(folders: list[Path]) -> Iterator[Run]:
    taken: set[tuple[str, int]] = set()
    for folder in folders:
        config = _read_config(folder)
        match = _RUN_FOLDER.fullmatch(folder.name)
        mixture = str(config.get("mixture") or (match["name"] if match else folder.name))
        seed = config.get("seed")
        seed = int(seed) if isinstance(seed, int) else int(match["seed"]) if match else 0
        source = _source_mixture(folder, config.get("init_from"))
        name = mixture if source is None else f"{source}+{mixture}"
        if (name, seed) in taken:  # two configs of one mixture in one folder: never one cell
            name = folder.name
        taken.add((name, seed))
        yield _read_run(folder, name, mixture, thesis.TABLE_OF.get(name, "other"), source, seed)


def _source_mixture(folder: Path, init_from) -> str | None:
    """The mixture of the run that a J1 stage started from."""
    if not init_from:
        return None
    source = Path(init_from)
    for candidate in (source, folder.parent / source.name):
        if (candidate / "config.json").exists():
            return str(_read_config(candidate).get("mixture") or candidate.name)
    match = _RUN_FOLDER.fullmatch(source.name)
    return match["name"] if match else source.name


def _read_run(
    folder: Path, name: str, mixture: str, table: str, source: str | None, seed: int
) -> Run:
    status = _status(folder)
    finished = status == FINISHED
    return Run(
        name=name,
        mixture=mixture,
        table=table,
        source=source,
        seed=seed,
        status=status,
        workdir=folder,
        config=_read_config(folder),
        evaluations=_read_evaluations(folder) if finished else {},
        curve=tuple(_read_curve(folder, torn_end=not finished)),
        audit=_read_audit(folder / "audit.json") if finished else None,
    )


def _status(folder: Path) -> str:
    if not _is_run(folder):
        return NOT_STARTED
    if not (folder / "DONE").exists():
        return UNFINISHED
    evaluated = (folder / "eval" / f"{thesis.TARGET_LANGUAGE}.json").exists()
    return FINISHED if evaluated else NOT_EVALUATED


def _read_config(folder: Path) -> dict:
    path = folder / "config.json"
    if not path.exists():
        return {}
    config = _read_object(path).get("config")
    return config if isinstance(config, dict) else {}


def _read_evaluations(folder: Path) -> dict[str, Evaluation]:
    evaluations = {}
    for path in sorted((folder / "eval").glob("*.json")):
        if "." not in path.stem:
            evaluations[path.stem] = _read_evaluation(path)
    return evaluations


def _read_evaluation(path: Path) -> Evaluation:
    values = _read_object(path)
    accuracy = _number(values, "accuracy", path)
    if accuracy is None:
        raise UserError(f"{path}: has no accuracy; evaluate this run again")
    ids, correct, predictions = _read_predictions(path.with_name(f"{path.stem}.predictions.jsonl"))
    if ids and abs(correct.mean() - accuracy) > 1e-4:
        raise UserError(
            f"{path}: accuracy {accuracy:.4f}, but its predictions file has {correct.mean():.4f}; "
            "evaluate this run again"
        )
    documents = _number(values, "n", path)
    return Evaluation(
        language=path.stem,
        accuracy=float(correct.mean()) if ids else accuracy,
        macro_f1=_number(values, "macro_f1", path),
        loss=_number(values, "loss", path),
        documents=len(ids) or (None if documents is None else int(documents)),
        note=_note(values),
        ids=ids,
        correct=correct,
        predictions=predictions,
    )


def _note(values: dict) -> str:
    """What eval says of the result, and whether it is another checkpoint's than the best one's."""
    checkpoint = str(values.get("checkpoint") or "best")
    other = "" if checkpoint.startswith("best") else f"evaluated at checkpoint {checkpoint}"
    return "; ".join(part for part in (str(values.get("note") or ""), other) if part)


def _read_predictions(path: Path) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    ids, labels, predictions = [], [], []
    seen = set()
    for number, line in _read_lines(path):
        try:
            name, label, prediction = line["id"], int(line["label"]), int(line["prediction"])
        except (KeyError, TypeError, ValueError):
            raise UserError(
                f"{path}:{number}: wants id, label and prediction; evaluate this run again"
            ) from None
        if name in seen:
            raise UserError(f"{path}:{number}: {name} a second time; evaluate this run again")
        seen.add(name)
        ids.append(str(name))
        labels.append(label)
        predictions.append(prediction)
    predicted = np.array(predictions, int)
    return tuple(ids), predicted == np.array(labels, int), predicted


def _read_curve(folder: Path, torn_end: bool) -> Iterator[Point]:
    """metrics.jsonl, and what eval --watch wrote: eval/<language>.curve.jsonl, without epochs."""
    epochs: dict[int, float] = {}
    files = [folder / "metrics.jsonl", *sorted((folder / "eval").glob("*.curve.jsonl"))]
    for path in files:
        for _, line in _read_lines(path, torn_end):
            keys = ("step", "epoch", "loss", "accuracy")
            step, epoch, loss, accuracy = (_number(line, key, path) for key in keys)
            epoch = epochs.get(step) if epoch is None else epoch
            if step is None or epoch is None or "split" not in line:
                continue
            epochs[step] = epoch
            yield Point(int(step), epoch, str(line["split"]), loss, accuracy)


def _read_audit(path: Path) -> Audit | None:
    if not path.exists():
        return None
    audit = _read_object(path)
    duplicates = _inner(audit, "duplicates")
    tests = [_inner(duplicates, key).get("ids") for key in ("train_test", "source_test")]
    splits = _inner(audit, "splits")
    return Audit(
        train=_inner(splits, "train").get("documents"),
        validation=_inner(splits, "validation").get("documents"),
        within_train=duplicates.get("within_train"),
        train_validation=_inner(duplicates, "train_validation").get("documents"),
        test_ids=frozenset(str(name) for ids in tests for name in ids or ()),
    )


def _inner(values: dict, key: str) -> dict:
    inner = values.get(key)
    return inner if isinstance(inner, dict) else {}


def _number(values: dict, key: str, path: Path) -> float | None:
    value = values.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError(f"{path}: {key} is {value!r}, not a number; evaluate this run again")
    return float(value)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}); remove it and run again") from None


def _read_object(path: Path) -> dict:
    try:
        value = json.loads(_read_text(path))
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path}:{error.lineno}: not JSON ({error.msg}); remove it and run again"
        ) from None
    if not isinstance(value, dict):
        raise UserError(f"{path}: wants a JSON object; remove it and run again")
    return value


def _read_lines(path: Path, torn_end: bool = False) -> Iterator[tuple[int, dict]]:
    """JSON objects with their line numbers; nothing where there is no file.

    torn_end: a run being written, or killed, may end within a line: that line is left out.
    """
    if not path.exists():
        return
    lines = _read_text(path).split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            if torn_end and number == len(lines):
                return
            raise UserError(
                f"{path}:{number}: not JSON ({error.msg}); remove the file and run again"
            ) from None
        if not isinstance(value, dict):
            raise UserError(f"{path}:{number}: wants a JSON object; remove the file and run again")
        yield number, value
