"""The thesis, as the report asks of it: its numbers beside those of runs that repeat it."""

from collections.abc import Iterable, Mapping, Sequence

from xlt_flax.analysis.cells import Cell
from xlt_flax.analysis.drawing import GROUP_COLOUR
from xlt_flax.analysis.effects import Effect, Family
from xlt_flax.analysis.experiment import Deviation
from xlt_flax.analysis.fields import shown
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.results import OTHER, Results, Run
from xlt_flax.analysis.sentences import of_agreement, of_effect
from xlt_flax.analysis.study_report import Answer, Column, StudyReport
from xlt_flax.analysis.summary import test_documents
from xlt_flax.studies.diversity.report import DiversityReport
from xlt_flax.studies.thesis import contrasts, reported
from xlt_flax.studies.thesis.experiment import EXPERIMENT


class ThesisReport(DiversityReport):
    """Of runs among which some are of the thesis's 35, whatever else there is."""

    name = "thesis"
    tables: tuple[str, ...] = (*StudyReport.tables, "xlt_flax.studies.thesis.tables")
    figures: tuple[str, ...] = (*StudyReport.figures, "xlt_flax.studies.thesis.figures")
    groups = reported.GROUPS
    methods: tuple[str, ...] = (
        *DiversityReport.methods,
        "The thesis has one seed, so its numbers are held against where one more seed of these "
        "runs would fall. Its groups were other draws of documents, which adds to the difference.",
    )

    def concerns(self, results: Results) -> bool:
        return any(run.name in reported.ACCURACY for run in results.runs)

    def table_of(self, run: Run) -> str:
        if run.apart or not _is_on_its_language(run):
            return OTHER
        return reported.TABLE_OF.get(run.name, OTHER) if run.table == OTHER else run.table

    def others_title(self, results: Results) -> str:
        if results.target_language != reported.TARGET_LANGUAGE:
            return super().others_title(results)
        return "Runs that the thesis does not have"

    def reported(self, run: Run) -> float | None:
        return reported.ACCURACY.get(run.name) if _is_on_its_language(run) else None

    def reported_effects(self, results: Results) -> Mapping[str, float]:
        on_its_language = results.target_language == reported.TARGET_LANGUAGE
        return contrasts.of_the_thesis() if on_its_language else {}

    def is_repeated_by(self, cell: Cell, runs: Sequence[Run]) -> bool:
        return (
            cell.reported is not None
            and cell.documents == reported.TEST_DOCUMENTS
            and not any(self.deviations(run) for run in runs)
        )

    def families(self, names: Iterable[str]) -> list[Family]:
        return contrasts.families(names)

    def comparisons(self, results: Results) -> Mapping[str, Sequence[tuple[str, str]]]:
        """Any two zero-shot mixtures; each J1 stage against its source's."""
        names = reported.ZERO_SHOT
        after = reported.AFTER_J1_RUNS
        return {
            "pairs": [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]],
            "gains": [(name, name.removesuffix(reported.AFTER_J1)) for name in after],
        }

    def deviations(self, run: Run) -> list[Deviation]:
        return EXPERIMENT.deviations(run.record.config)

    def departures(self, findings: Findings) -> list[str]:
        """Of the runs that stand in the thesis's tables, where there are any: the others say
        themselves in what they differ."""
        configured = [run for run in findings.results.runs if run.record.config]
        runs = [run for run in configured if self.table_of(run) != OTHER] or configured
        found: dict[str, int] = {}
        for run in runs:
            for each in self.deviations(run):
                text = f"{each.what} is {shown(each.run)}, not {shown(each.wanted)}"
                found[text] = found.get(text, 0) + 1
        reasons = [
            text if number == len(runs) else f"{text} ({number} of {len(runs)} runs)"
            for text, number in found.items()
        ]
        return [*reasons, *_other_test_set(findings)]

    def answers(self, findings: Findings) -> list[Answer]:
        agreement = findings.agreement
        told = [of_agreement(agreement, "the thesis")] if agreement else []
        return [*super().answers(findings), *told]

    def sentence(self, effect: Effect) -> Answer:
        stage = "" if effect.stage == contrasts.J1 else effect.stage
        return of_effect(effect, stage, "The thesis")

    def curve_columns(self, names: Sequence[str]) -> list[Column]:
        best = reported.BEST_SINGLES.runs
        rest = [name for name in names if name in best or name not in reported.ACCURACY]
        return [
            *(
                Column(g.label, GROUP_COLOUR[g.languages], g.runs)
                for g in reported.ZERO_SHOT_GROUPS
            ),
            Column("single groups", "other", reported.SINGLE_GROUPS.runs),
            Column("J1 stage", "reference", (*reported.AFTER_J1_RUNS, *reported.J1_ALONE.runs)),
            Column(reported.BEST_SINGLES.key if tuple(rest) == best else "other runs", "ink", rest),
        ]


def _is_on_its_language(run: Run) -> bool:
    """The thesis's numbers say nothing of another language."""
    return run.target_language == reported.TARGET_LANGUAGE


def _other_test_set(findings: Findings) -> list[str]:
    documents, wanted = test_documents(findings), f"{reported.TEST_DOCUMENTS:,}"
    if documents in ("", wanted):
        return []
    return [f"the test set has {documents} documents, not {wanted}"]
