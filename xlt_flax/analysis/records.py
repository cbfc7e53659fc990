"""The findings for other programs: results.csv, one line a result, and results.json, all of it.

What a study has reported stands under its name, a column of the one and a key of the other.
"""

import csv
import io
from dataclasses import asdict, is_dataclass
from typing import Any

from xlt_flax.analysis import summary
from xlt_flax.analysis.cells import Cell, GroupMean
from xlt_flax.analysis.effects import Effect
from xlt_flax.analysis.experiment import Deviation
from xlt_flax.analysis.findings import Findings, View
from xlt_flax.analysis.results import Audit, Evaluation, Run
from xlt_flax.analysis.statistics import Interval
from xlt_flax.analysis.study_report import StudyReport

_OF_RUN = ("name", "mixture", "source", "draw", "seed", "status")
_OF_RESULT = (
    "language",
    "documents",
    "accuracy",
    "low",
    "high",
    "majority",
    "seen",
    "accuracy_unseen",
    "macro_f1",
    "loss",
)


def results_csv(findings: Findings) -> str:
    """One line for each run and language; a run without a result has one line, with its status."""
    study, text = findings.study, io.StringIO()
    reported = [study.name] if study.name else []
    columns = ("table", *_OF_RUN, *_OF_RESULT, *reported, "note", "problems")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for run in findings.results.runs:
        writer.writerows(_csv_rows(run, study, _intervals(findings, run)))
    return text.getvalue()


def _intervals(findings: Findings, run: Run) -> dict[str, Interval]:
    """Target language -> the interval of the run's accuracy there, where it has one."""
    known = {language: found.every.runs for language, found in findings.targets.items()}
    return {name: runs[run.label] for name, runs in known.items() if run.label in runs}


def _csv_rows(
    run: Run, study: StudyReport, intervals: dict[str, Interval]
) -> list[dict[str, object]]:
    row = {"table": study.table_of(run), **{key: getattr(run, key) for key in _OF_RUN}}
    if run.target is None:
        return [{**row, "problems": "; ".join(run.problems)}]
    return [
        {**row, **_on_target(run, study, language, intervals), **_result(language, evaluation)}
        for language, evaluation in run.evaluations.items()
    ]


def _on_target(
    run: Run, study: StudyReport, language: str, intervals: dict[str, Interval]
) -> dict[str, object]:
    """What is known of a result on a target only."""
    low, high = intervals.get(language, (None, None))
    known: dict[str, object] = {"low": _short(low), "high": _short(high)}
    own = language == run.target_language
    return known | (_under_name(study, study.reported(run)) if own else {})


def _result(language: str, evaluation: Evaluation) -> dict[str, object]:
    return {
        "language": language,
        "documents": evaluation.documents,
        "accuracy": _short(evaluation.accuracy),
        "majority": _short(evaluation.majority),
        "seen": evaluation.seen,
        "accuracy_unseen": _short(evaluation.accuracy_unseen),
        "macro_f1": _short(evaluation.macro_f1),
        "loss": _short(evaluation.loss),
        "note": evaluation.note,
        "problems": "; ".join(evaluation.problems),
    }


def _under_name(study: StudyReport, value: object) -> dict[str, object]:
    """What the study has reported; nothing for one that has reported nothing."""
    return {study.name: value} if study.name else {}


def results_json(findings: Findings) -> dict[str, object]:
    """Everything in the report, in plain JSON values; accuracies and differences are shares."""
    return {
        **_plain(_summary(findings)),
        **_view(findings.every, findings.study),
        "agreement": _plain(findings.agreement),
        **_plain(dict(findings.compared)),
        "compared": _plain(findings.asked),
        "languages": _plain(findings.languages),
        "overlap": _overlap(findings),
        "contrasts": contrasts_json(findings.every, findings.study),
        **_yardsticks(findings),
        **_others(findings),
    }


def _yardsticks(findings: Findings) -> dict[str, object]:
    return {each.key: _plain(each) for each in findings.yardsticks}


def _others(findings: Findings) -> dict[str, object]:
    """The same of the other target languages; nothing where there is one."""
    if not findings.others:
        return {}
    return {
        "targets": {
            language: {**_view(found.every, found.study), **_plain(dict(found.compared))}
            for language, found in findings.others.items()
        }
    }


def _summary(findings: Findings) -> dict[str, object]:
    study, runs = findings.study, findings.results.runs
    apart = {
        f"not_the_{study.name}": study.departures(findings),
        "deviations": {
            run.label: [_deviation(each, study) for each in study.deviations(run)] for run in runs
        },
    }
    return {
        "state": summary.state(findings).text,
        "complete": not summary.half_finished(findings),
        "target_language": findings.results.target_language,
        "unfinished": dict(summary.unfinished_runs(findings)),
        "problems": dict(summary.problems(findings)),
        "setting": dict(summary.setting(findings)),
        **(apart if study.name else {}),
        "answers": [answer.text for answer in summary.answers(findings)],
    }


def _deviation(deviation: Deviation, study: StudyReport) -> dict[str, object]:
    return {
        "field": deviation.field,
        "what": deviation.what,
        study.name: deviation.wanted,
        "run": deviation.run,
    }


def _overlap(findings: Findings) -> dict[str, object]:
    rest = findings.without_overlap
    without = None
    if rest is not None:
        without = {
            **_view(rest, findings.study),
            "contrasts": contrasts_json(rest, findings.study),
        }
    return {
        "test_documents": sorted(findings.affected),
        "runs": {
            run.label: _plain(_audit(run.audit)) for run in findings.results.runs if run.audit
        },
        "without": without,
    }


def contrasts_json(view: View, study: StudyReport) -> dict[str, object]:
    """Every contrast that has an estimate, in full digits; what is in points says so."""
    return {e.key: _contrast(e, study) for e in view.effects if e.difference is not None}


def _contrast(effect: Effect, study: StudyReport) -> dict[str, object]:
    measured, estimate, test = effect.measured, effect.measured.taken, effect.measured.test
    low, high = estimate.interval
    names = ("blocks", "documents", "rest")
    parts = dict(zip(names, estimate.parts, strict=True)) if estimate.components else {}
    return {
        "estimate": estimate.mean,
        "low": low,
        "high": high,
        "df": estimate.df,
        "p_sign_flip": test.p if test else None,
        "least_p": test.least if test else None,
        "p_tarone_holm": effect.adjusted,
        "blocks": estimate.blocks,
        "basis": measured.blocks.basis,
        "holds_fixed": measured.blocks.holds_fixed,
        "documents": estimate.documents,
        "mde80": estimate.detectable,
        "components_points": {name: 100 * part for name, part in parts.items()},
        "flags": list(measured.flags),
        "stage": effect.stage,
        **_under_name(study, effect.reported),
        "weights": dict(measured.contrast.weights),
    }


def _view(view: View, study: StudyReport) -> dict[str, object]:
    return {
        "runs": _plain(view.runs),
        "cells": {name: _plain(_cell(cell, study)) for name, cell in view.cells.items()},
        "groups": {key: _plain(_group(mean, study)) for key, mean in view.groups.items()},
    }


def _cell(cell: Cell, study: StudyReport) -> dict[str, object]:
    values = {key: value for key, value in vars(cell).items() if key != "reported"}
    return {**values, **_under_name(study, cell.reported)}


def _group(mean: GroupMean, study: StudyReport) -> dict[str, object]:
    return {
        "table": mean.group.table,
        "runs": mean.group.runs,
        "finished": mean.finished,
        "complete": mean.complete,
        "mean": mean.mean,
        "sd": mean.sd,
        "interval": mean.interval,
        "basis": mean.basis,
        **_under_name(study, mean.group.mean),
    }


def _audit(audit: Audit) -> dict[str, object]:
    return {**asdict(audit), "test_ids": sorted(audit.test_ids)}


def _short(value: float | None) -> float | None:
    """Six digits: enough for any number of documents, and the same on every machine."""
    return None if value is None else round(float(value), 6)


def _plain(value: object) -> Any:  # JSON
    """Dataclasses as objects, tuples as lists, numbers with six digits."""
    if is_dataclass(value):
        value = vars(value)
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if value else 0.0
    return value
