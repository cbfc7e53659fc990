"""The report in a few sentences: what ran, how far it got, what is wrong, and what it shows."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import NamedTuple

from xlt_flax.analysis import formats
from xlt_flax.analysis.fields import model_name, shown
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.languages import language_name
from xlt_flax.analysis.results import (
    BROKEN,
    FAILED,
    FINISHED,
    NOT_EVALUATED,
    NOT_STARTED,
    UNFINISHED,
    Run,
)
from xlt_flax.analysis.study_report import Answer
from xlt_flax.run_names import is_of_groups


class State(NamedTuple):
    """How far the runs have got: in a word or two, and how many of them."""

    head: str
    rest: str

    @property
    def text(self) -> str:
        return f"{self.head}: {self.rest}" if self.head else self.rest


def state(findings: Findings) -> State:
    """How many runs are finished, and how many of their models are broken or say one class."""
    runs = _runs(findings)
    finished = sum(run.status == FINISHED for run in runs)
    odd = sum(run.status == FINISHED and bool(run.problems) for run in runs)
    warned = (
        f" Something is odd with {formats.plural(odd, 'finished run')}: see below." if odd else ""
    )
    if finished == len(runs):
        text = f"All {len(runs)} runs are finished." if len(runs) > 1 else "The run is finished."
        return State("", text + warned)
    counts = Counter(run.status for run in runs)
    rest = ", ".join(
        f"{counts[status]} {status}"
        for status in (UNFINISHED, FAILED, BROKEN, NOT_EVALUATED, NOT_STARTED)
        if counts[status]
    )
    said = f"{finished} of {len(runs)} runs are finished; {rest}.{warned}"
    return State("Half-finished", said)


def half_finished(findings: Findings) -> bool:
    return any(run.status != FINISHED for run in _runs(findings))


def _runs(findings: Findings) -> list[Run]:
    """Every run as it is on the first target on which it is not finished or has problems; one that
    is well on all, as it is on the first of them."""
    on_each = zip(*(found.results.runs for found in findings.targets.values()), strict=True)
    return [
        next((run for run in same if run.status != FINISHED or run.problems), same[0])
        for same in on_each
    ]


def _label(run: Run, findings: Findings) -> str:
    """Its label, with the target where it is not the first."""
    first = run.target_language == findings.results.target_language
    return run.label if first else f"{run.label} on {run.target_language}"


def unfinished_runs(findings: Findings) -> list[tuple[str, str]]:
    """Labels and status of what is not finished, with the reason where there is one."""
    return [
        (_label(run, findings), ": ".join([run.status, *filter(None, ["; ".join(run.problems)])]))
        for run in _runs(findings)
        if run.status != FINISHED
    ]


def unfinished_in_short(findings: Findings) -> list[str]:
    """The same, a line for each status and reason."""
    return _by_what_is_said(unfinished_runs(findings))


def _by_what_is_said(runs: Iterable[tuple[str, str]]) -> list[str]:
    labels: dict[str, list[str]] = {}
    for label, said in runs:
        labels.setdefault(said, []).append(label)
    return [f"{formats.listed(those)}: {said}" for said, those in labels.items()]


def problems(findings: Findings) -> list[tuple[str, str]]:
    """Labels of finished runs whose model is odd, and how: their numbers are in the tables."""
    return [
        (_label(run, findings), "; ".join(run.problems))
        for found in findings.targets.values()
        for run in found.results.runs
        if run.status == FINISHED and run.problems
    ]


def problems_in_short(findings: Findings) -> list[str]:
    """The same, a line for each problem."""
    return _by_what_is_said((label, f"finished, but {said}") for label, said in problems(findings))


def title(findings: Findings) -> str:
    return findings.study.title(findings.results)


def setting(findings: Findings) -> list[tuple[str, str]]:
    """What ran: (name, value) pairs, from the runs' own configs and what they recorded."""
    runs = [run for run in findings.results.runs if run.record.config]
    second = [run for run in runs if run.source is not None]
    groups = [run for run in runs if is_of_groups(run.mixture)]
    draws = sorted({run.draw for run in runs})
    pairs = [
        ("model", _distinct(model_name(run.record.config) for run in runs)),
        ("weights", _values(runs, "model.init")),
        ("data", _distinct(_data(run) for run in runs)),
        ("groups of", _joined(groups, "data.train_per_group", "data.validation_per_group", " + ")),
        ("max length", _values(runs, "data.max_length")),
        ("learning rate", _joined(runs, "train.learning_rate", "train.schedule")),
        ("batch", _values(runs, "train.batch_size")),
        ("epochs", _values(runs, "train.epochs")),
        ("precision", _values(runs, "model.dtype")),
        ("protocol", _values(second, "protocol")),
        ("seeds", ", ".join(map(str, sorted({run.seed for run in findings.results.runs})))),
        ("draws", ", ".join(map(str, draws)) if len(draws) > 1 else ""),
        *_of_targets(findings),
        ("device", _distinct(_device(run) for run in runs)),
        ("versions", _distinct(_versions(run) for run in runs)),
        ("date", _dates(runs)),
    ]
    return [(name, value) for name, value in pairs if value]


def _of_targets(findings: Findings) -> list[tuple[str, str]]:
    """The test documents of each target, and its majority class."""
    several, pairs = len(findings.targets) > 1, []
    for language, found in findings.targets.items():
        name = language_name(language)
        pairs.append((f"{name} test documents", test_documents(found)))
        pairs.append((f"{name} majority class" if several else "majority class", _majority(found)))
    return pairs


def _distinct(values: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(value for value in values if value))


def _values(runs: Sequence[Run], field: str) -> str:
    values = (run.record.config.get(field) for run in runs)
    return ", ".join(dict.fromkeys(shown(value) for value in values if value not in (None, "")))


def _joined(runs: Sequence[Run], first: str, second: str, between: str = ", ") -> str:
    """Two fields that belong together, each pair that occurs."""
    pairs = ([run.record.config.get(field) for field in (first, second)] for run in runs)
    return _distinct(between.join(map(shown, pair)) for pair in pairs if None not in pair)


def _data(run: Run) -> str:
    """Its own files' name, or the data set and the part of it."""
    config = run.record.config
    if files := config.get("data.files"):
        return PurePath(str(files)).name
    pair = [config.get(field) for field in ("data.dataset", "data.domain")]
    return ", ".join(shown(part) for part in pair if part != "") if None not in pair else ""


def _device(run: Run) -> str:
    device = run.record.device
    if not device:
        return ""
    return f"{device.get('count', 1)} × {device.get('kind') or device.get('platform')}"


def _versions(run: Run) -> str:
    known = run.record.versions
    named = [(name, known.get(name)) for name in ("xlt_flax", "jax", "flax", "optax")]
    return ", ".join(f"{name} {version}" for name, version in named if version)


def _dates(runs: Sequence[Run]) -> str:
    days = sorted({run.record.day for run in runs if run.record.day})
    return " to ".join(dict.fromkeys([days[0], days[-1]])) if days else ""


def test_documents(findings: Findings) -> str:
    """How many there are, each number that occurs."""
    counts = {cell.documents for cell in findings.every.cells.values() if cell.seeds}
    return ", ".join(f"{count:,}" for count in sorted(c for c in counts if c is not None))


def _majority(findings: Findings) -> str:
    known = [cell.majority for cell in findings.every.cells.values() if cell.majority is not None]
    return formats.span(known, formats.share) if known else ""


def answers(findings: Findings) -> list[Answer]:
    """What the runs say, one sentence for each question that they can answer."""
    return [*findings.study.answers(findings), *_overlap(findings)]


def _overlap(findings: Findings) -> list[Answer]:
    if not any(run.audit for run in findings.results.runs):
        return []
    of = f"{language_name(findings.results.target_language)} " if findings.others else ""
    if not findings.affected:
        said = (
            f"No {of}test document occurs in any finished run's training or validation documents."
        )
    else:
        said = (
            f"{len(findings.affected)} {of}test documents occur in some run's training or "
            "validation documents; the section on overlap leaves them out."
        )
    return [Answer("", said)]
