"""The findings for other programs: results.csv, one line a result, and results.json, all of it."""

import csv
import io
from dataclasses import asdict, is_dataclass

from xlt_flax.analysis import summary
from xlt_flax.analysis.effects import Effect
from xlt_flax.analysis.findings import Findings, View
from xlt_flax.analysis.results import OTHER, Run
from xlt_flax.analysis.statistics import Interval
from xlt_flax.studies.thesis import experiment, reported

CSV_COLUMNS = (
    "table",
    "name",
    "mixture",
    "source",
    "draw",
    "seed",
    "status",
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
    "thesis",
    "note",
    "problems",
)

_OF_RUN = CSV_COLUMNS[:7]


def results_csv(findings: Findings) -> str:
    """One line for each run and language; a run without a result has one line, with its status."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for run in findings.sweep.runs:
        writer.writerows(_csv_rows(run, findings.every.runs.get(run.label)))
    return text.getvalue()


def _csv_rows(run: Run, interval: Interval | None) -> list[dict]:
    row = {key: getattr(run, key) for key in _OF_RUN}
    if run.target is None:
        return [{**row, "problems": "; ".join(run.problems)}]
    low, high = interval or (None, None)
    on_target = {
        "low": _short(low),
        "high": _short(high),
        "thesis": reported.ACCURACY.get(run.name) if run.table != OTHER else None,
    }
    return [
        {
            **row,
            **(on_target if language == run.target_language else {}),
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
        for language, evaluation in run.evaluations.items()
    ]


def results_json(findings: Findings) -> dict:
    """Everything in the report, in plain JSON values; accuracies and differences are shares."""
    every, rest = findings.every, findings.without_overlap
    plain = _plain(
        {
            "state": summary.state(findings),
            "complete": not summary.half_finished(findings),
            "target_language": findings.sweep.target_language,
            "unfinished": dict(summary.unfinished_runs(findings)),
            "problems": dict(summary.problems(findings)),
            "setting": dict(summary.setting(findings)),
            "not_the_thesis": summary.not_the_thesis(findings),
            "deviations": {
                run.label: experiment.deviations(run.record.config) for run in findings.sweep.runs
            },
            "answers": summary.answers(findings),
            **_view(every),
            "agreement": findings.agreement,
            "pairs": findings.pairs,
            "gains": findings.gains,
            "compared": findings.asked,
            "languages": findings.languages,
            "overlap": {
                "test_documents": sorted(findings.affected),
                "runs": {run.label: _audit(run) for run in findings.sweep.runs if run.audit},
                "without": None if rest is None else _view(rest),
            },
        }
    )
    plain["contrasts"] = contrasts_json(every)
    if rest is not None:
        plain["overlap"]["without"]["contrasts"] = contrasts_json(rest)
    return plain


def contrasts_json(view: View) -> dict:
    """Every contrast that has an estimate, in full digits; what is in points says so."""
    return {e.key: _contrast(e) for e in view.effects if e.difference is not None}


def _contrast(effect: Effect) -> dict:
    measured, estimate, test = effect.measured, effect.measured.estimate, effect.measured.test
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
        "thesis": effect.thesis,
        "weights": dict(measured.contrast.weights),
    }


def _view(view: View) -> dict:
    groups = {
        key: {
            "table": mean.group.table,
            "runs": mean.group.runs,
            "finished": mean.finished,
            "complete": mean.complete,
            "mean": mean.mean,
            "sd": mean.sd,
            "interval": mean.interval,
            "basis": mean.basis,
            "thesis": mean.group.mean,
        }
        for key, mean in view.groups.items()
    }
    return {"runs": view.runs, "cells": view.cells, "groups": groups}


def _audit(run: Run) -> dict:
    return {**asdict(run.audit), "test_ids": sorted(run.audit.test_ids)}


def _short(value: float | None) -> float | None:
    """Six digits: enough for any number of documents, and the same on every machine."""
    return None if value is None else round(float(value), 6)


def _plain(value):
    if is_dataclass(value):
        value = vars(value)
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if value else 0.0
    return value
