"""Reads one run's folder, as far as the run has got. Names no run: that is `read_runs`' part."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from xlt_flax.analysis import formats, results, settings
from xlt_flax.analysis.json_files import inner, number, read_lines, read_object
from xlt_flax.analysis.results import Audit, Evaluation, Point, Record
from xlt_flax.config import complete
from xlt_flax.errors import UserError
from xlt_flax.stored_config import flat
from xlt_flax.workdir import LOST_AND_FOUND, Workdir

NOTHING_MOVED: Mapping[str, str] = MappingProxyType({})


def is_run(folder: Path) -> bool:
    """Whether a run was begun in a folder."""
    is_the_systems = folder.name == LOST_AND_FOUND  # which only root may look into
    return folder.is_dir() and not is_the_systems and Workdir(folder).has_traces()


def read_status(folder: Path, target_language: str) -> str:
    """How far a run has got; whether what it gives are numbers is not looked at."""
    if not is_run(folder):
        return results.NOT_STARTED
    workdir = Workdir(folder)
    done = workdir.done.exists()
    if done and workdir.scores(target_language).exists():
        return results.FINISHED
    if workdir.failure.exists():
        return results.FAILED
    return results.NOT_EVALUATED if done else results.UNFINISHED


def faults(record: Record, target: Evaluation) -> tuple[str, ...]:
    """Why a finished run's accuracy says nothing of its mixture: something is no number.

    Returns:
      Plain sentences; () for a sound run.
    """
    found = []
    if target.not_numbers:
        what = formats.plural(target.not_numbers, "document")
        found.append(f"the model's output for {what} is not a number")
    elif _is_nan(target.loss) or _is_nan(target.accuracy):
        found.append("its loss on the test set is not a number")
    if _is_nan(record.best.get("loss")):
        found.append("the validation loss that chose its checkpoint is not a number")
    return tuple(found)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def read_record(
    folder: Path, moved: Mapping[str, str] = NOTHING_MOVED, later: tuple[Path, ...] = ()
) -> Record:
    """What a run's config.json, DONE and failure.txt say, and those of the run it started from.

    Args:
      folder: of the run.
      moved: fields that name a place which is another now, such as model.name; a run that has
        none (init_from, of a first stage) gets none.
      later: the folders of the runs that went on from this one.

    Raises:
      UserError: a file is not what `main` writes.
    """
    path = Workdir(folder).config_file
    content = read_object(path) if path.exists() else {}
    config = read_config(path, content)
    config |= {field: place for field, place in moved.items() if config.get(field)}
    source = find_source(folder, config.get("init_from"), later)
    return Record(
        config=config,
        versions=inner(content, "versions"),
        device=inner(content, "device"),
        identity=settings.identity(config, content),
        source=read_record(source, moved, (*later, folder.resolve())) if source else None,
        **_read_end(folder),
    )


def read_config(path: Path, content: dict) -> dict[str, object]:
    """The fields of a config.json or sweep.json of any version, as this one spells them.

    Returns:
      {} where it has no config.

    Raises:
      UserError: a newer version wrote it, or it is not whole.
    """
    stored = inner(content, "config")
    if not stored:
        return {}
    try:
        return flat(complete(stored, inner(content, "versions").get("workdir", 1)))
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except (TypeError, ValueError):  # values that no version stored
        raise UserError(f"{path}: not whole; remove the run and train it again") from None


def find_source(folder: Path, init_from: object, later: tuple[Path, ...] = ()) -> Path | None:
    """The folder that a run started from, where it is or beside the run; None if neither."""
    if not init_from:
        return None
    source = Path(str(init_from))
    for place in (source, folder.parent / source.name):
        if Workdir(place).is_run() and place.resolve() not in (*later, folder.resolve()):
            return place
    return None


def _read_end(folder: Path) -> dict:
    done, failure = Workdir(folder).done, Workdir(folder).failure
    if done.exists():
        day = datetime.fromtimestamp(done.stat().st_mtime, UTC).date().isoformat()
        best = inner(read_object(done), "best") if done.stat().st_size else {}
        return {"best": best, "day": day, "failure": _failure(failure)}
    return {"failure": _failure(failure)}


def _failure(path: Path) -> str:
    """The error of a failure.txt: its first line, or what a traceback ends with."""
    if not path.exists():
        return ""
    lines = [line.strip() for line in path.read_text("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        return "no reason was written"
    return lines[-1] if lines[0].startswith("Traceback") else lines[0]


def read_curve(folder: Path, torn_end: bool) -> Iterator[Point]:
    """metrics.jsonl, and what eval --watch wrote: eval/<language>.curve.jsonl, without epochs."""
    epochs: dict[float, float] = {}
    workdir = Workdir(folder)
    files = [workdir.metrics, *map(workdir.curve, workdir.curves())]
    for path in files:
        for _, line in read_lines(path, torn_end):
            keys = ("step", "epoch", "loss", "accuracy")
            step, epoch, loss, accuracy = (number(line, key, path) for key in keys)
            if step is not None and epoch is None:
                epoch = epochs.get(step)
            if step is None or epoch is None or "split" not in line:
                continue
            epochs[step] = epoch
            split = str(line["split"]).removeprefix("test_")  # of main; eval writes the language
            yield Point(int(step), epoch, split, loss, accuracy)


def read_audit(folder: Path) -> Audit | None:
    """audit.json; None without one."""
    path = Workdir(folder).audit
    if not path.exists():
        return None
    audit = read_object(path)
    duplicates, splits = inner(audit, "duplicates"), inner(audit, "splits")
    tests = [inner(duplicates, key).get("ids") for key in ("train_test", "source_test")]
    return Audit(
        train=inner(splits, "train").get("documents"),
        validation=inner(splits, "validation").get("documents"),
        within_train=duplicates.get("within_train"),
        train_validation=inner(duplicates, "train_validation").get("documents"),
        within_test=inner(duplicates, "within_test").get("documents"),
        test_ids=frozenset(str(name) for ids in tests for name in ids or ()),
        whole_chain="source_test" in duplicates,
    )


def with_seen(target: Evaluation, audit: Audit | None) -> Evaluation:
    """The target's evaluation by an eval that counted no seen documents: counted by the audit."""
    if target.seen is not None or audit is None or not target.ids:
        return target
    unseen = [i for i, name in enumerate(target.ids) if name not in audit.test_ids]
    rest = float(target.correct[unseen].mean()) if unseen else None
    return replace(target, seen=len(target.ids) - len(unseen), accuracy_unseen=rest)
