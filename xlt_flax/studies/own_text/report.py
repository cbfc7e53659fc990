"""The report of a study that asks which mixture of sources serves some targets best."""

from collections.abc import Mapping, Sequence

from xlt_flax.analysis.cells import Cell
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.languages import languages_listed
from xlt_flax.analysis.results import Results, Run
from xlt_flax.analysis.study_report import Answer, Column, StudyReport
from xlt_flax.analysis.yardsticks import Yardstick
from xlt_flax.run_names import split_name
from xlt_flax.studies.own_text import answers
from xlt_flax.studies.own_text.roles import roles_of
from xlt_flax.studies.own_text.runs import CEILING, SOURCES, STAGES

PAIRS, GAINS = "pairs", "gains"  # what comparisons are called in results.json


class OwnTextReport(StudyReport):
    """Of a sweep that says which languages its runs are judged on."""

    tables: tuple[str, ...] = (*StudyReport.tables, "xlt_flax.studies.own_text.tables")
    figures: tuple[str, ...] = (*StudyReport.figures, "xlt_flax.studies.own_text.figures")
    methods: tuple[str, ...] = (
        "Which mixture is best is read off the means. Whether it is better than another is a "
        "comparison of the two, paired by draw, seed and document; p is corrected by Holm's rule "
        "over all pairs of mixtures on that target, since the best was not named beforehand. "
        f"Better: corrected p below .05. Not better: the 95% interval ends below "
        f"{100 * answers.NEGLIGIBLE:g} point. All else cannot be told from these runs.",
        "A target's documents are split into training and validation like any language's, and both "
        "are counted as spent on the curve.",
    )

    def concerns(self, results: Results) -> bool:
        return bool(results.targets)

    def heading(self, results: Results) -> str:
        return f"Which mixture serves {languages_listed(results.targets)} best?"

    def comparisons(self, results: Results) -> Mapping[str, Sequence[tuple[str, str]]]:
        """Any two mixtures without the target's labels; each stage against its source."""
        roles = roles_of(results)
        names = roles.sources
        return {
            PAIRS: [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]],
            GAINS: [(stage.name, stage.source) for stage in roles.stages],
        }

    def yardsticks(self, results: Results) -> Sequence[Yardstick]:
        from xlt_flax.studies.own_text.baseline import character_ngrams

        return (character_ngrams(results),)

    def answers(self, findings: Findings) -> list[Answer]:
        return [
            answer
            for found in findings.targets.values()
            for answer in answers.of_target(found, roles_of(found.results), findings.yardsticks)
        ]

    def best(self, findings: Findings) -> Cell | None:
        """Of the mixtures without the target's labels."""
        return next(iter(answers.ranked(findings, roles_of(findings.results))), None)

    def curve_columns(self, names: Sequence[str]) -> list[Column]:
        stages = [name for name in names if split_name(name)[0]]
        alone = [name for name in names if name not in stages]
        return [Column("from the model", "one", alone), Column("stages", "two", stages)]

    def others_title(self, results: Results) -> str:
        return f"{super().others_title(results)}, every run"

    def table_of(self, run: Run) -> str:
        return run.table if run.table in (SOURCES, STAGES, CEILING) else super().table_of(run)
