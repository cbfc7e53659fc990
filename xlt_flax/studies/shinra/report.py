"""SHINRA, as the report asks of it: micro-F1 beside what others have reported."""

from collections.abc import Sequence

from xlt_flax.analysis.cells import Cell
from xlt_flax.analysis.experiment import Deviation
from xlt_flax.analysis.fields import shown
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.results import Results, Run
from xlt_flax.analysis.study_report import Answer, Column, StudyReport
from xlt_flax.studies.shinra import answers
from xlt_flax.studies.shinra.curve import on_most_articles
from xlt_flax.studies.shinra.reported import WORKSHOP, is_of_shinra


class ShinraReport(StudyReport):
    """Of runs on SHINRA's pages, whatever they are trained on."""

    name = "workshop"
    tables: tuple[str, ...] = (*StudyReport.tables, "xlt_flax.studies.shinra.tables")
    figures: tuple[str, ...] = (*StudyReport.figures, "xlt_flax.studies.shinra.figures")
    methods: tuple[str, ...] = (
        "Micro-F1 is 2 TP / (labels given + labels true), pooled over pages. Its intervals are of "
        "that ratio to first order: each page counts F + (2 TP − F S) / mean S, S being its labels "
        "given and true, over the same blocks of runs as accuracies.",
        "Of the runs on the most articles, tables show branches and confusions: they were named "
        "beforehand, so no choice by their result is in them.",
    )

    def concerns(self, results: Results) -> bool:
        return any(map(is_of_shinra, results.runs))

    def title(self, results: Results) -> str:
        return "SHINRA: articles of Japanese Wikipedia"

    def heading(self, results: Results) -> str:
        return "How well are articles of Japanese Wikipedia classified?"

    def others_title(self, results: Results) -> str:
        return "Pages whose labels are all right"

    def deviations(self, run: Run) -> list[Deviation]:
        return WORKSHOP.deviations(run.record.config)

    def departures(self, findings: Findings) -> list[str]:
        """Whatever the runs are, they are judged on other pages."""
        of_runs = [each for run in findings.results.runs for each in self.deviations(run)]
        said = [f"{each.what} is {shown(each.run)}, not {shown(each.wanted)}" for each in of_runs]
        return [
            *dict.fromkeys(said),
            "these runs are judged on the development data, the workshop's on the leaderboard's "
            "pages",
        ]

    def answers(self, findings: Findings) -> list[Answer]:
        return answers.answers(findings)

    def best(self, findings: Findings) -> Cell | None:
        """Of the most articles."""
        name = on_most_articles(findings)
        return findings.every.cells[name] if name else None

    def curve_columns(self, names: Sequence[str]) -> list[Column]:
        return [Column("by articles", "two", names)]
