"""The study of diversity, as the report asks of it: contrasts of mixtures by their shapes."""

from collections.abc import Iterable

from xlt_flax.analysis.effects import Effect, Family
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.languages import language_name
from xlt_flax.analysis.results import Results
from xlt_flax.analysis.sentences import of_effect
from xlt_flax.analysis.study_report import Answer, StudyReport
from xlt_flax.studies.diversity import answers
from xlt_flax.studies.diversity.contrasts import diversity_contrasts, letters_of

ZERO_SHOT = "zero-shot"


class DiversityReport(StudyReport):
    """Of runs on mixtures of groups, such as the 24 of `mixtures`."""

    effects_title = "What diversity is worth"
    effects_notes: tuple[str, ...] = (
        "1:1:1 − 3:0: the same groups on both sides. A language's share held fixed: 1:1:1 less the "
        "2:1 mixtures in which it has a third; were German's presence all that matters, German's "
        "would be 0.",
    )
    methods: tuple[str, ...] = (
        "What diversity is worth is one contrast a block, not three mixtures against three: both "
        "sides of 1:1:1 − 3:0 train on the same groups, so that languages and draws cancel. With a "
        "language's share held fixed, 1:1:1 is held against the 2:1 mixtures in which that "
        "language has a third.",
    )

    def concerns(self, results: Results) -> bool:
        return any(letters_of(run.mixture) for run in results.runs)

    def heading(self, results: Results) -> str:
        target = language_name(results.target_language)
        return f"Does a more diverse mixture of source languages transfer better to {target}?"

    def families(self, names: Iterable[str]) -> list[Family]:
        return [Family(ZERO_SHOT, tuple(diversity_contrasts(names)))]

    def answers(self, findings: Findings) -> list[Answer]:
        effects = findings.every.effects
        first = answers.what_diversity_is_worth([e for e in effects if e.stage == ZERO_SHOT])
        told = [e for e in effects if e.difference is not None and e.measured.contrast.told]
        return [*([first] if first else []), *map(self.sentence, told)]

    def sentence(self, effect: Effect) -> Answer:
        """One contrast in a sentence; its difference is known."""
        return of_effect(effect, effect.stage)
