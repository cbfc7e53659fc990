"""What a report has to ask of the study that its runs are of.

`StudyReport` itself knows no study: it has what is true of any runs. A study that has numbers of
its own to hold runs against, contrasts, tables or figures makes a subclass
(xlt_flax/studies/*/report.py), and puts each table and figure into a file of its own folder.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from xlt_flax.analysis.effects import Family
from xlt_flax.analysis.experiment import Deviation
from xlt_flax.analysis.groups import Group
from xlt_flax.analysis.languages import language_name, languages_listed
from xlt_flax.analysis.results import Results, Run, targets_of
from xlt_flax.analysis.yardsticks import Yardstick

if TYPE_CHECKING:
    from xlt_flax.analysis.cells import Cell
    from xlt_flax.analysis.findings import Findings


class Answer(NamedTuple):
    """A sentence on what the runs say, with the question that it answers, where it names one."""

    question: str
    said: str

    @property
    def text(self) -> str:
        return f"{self.question}: {self.said}" if self.question else self.said


class Column(NamedTuple):
    """Runs that are drawn together: a title, a colour of `drawing.PALETTE`, names of runs."""

    title: str
    colour: str
    runs: Sequence[str]


class StudyReport:
    """Of runs that are of no known study.

    Attributes:
      name: of the study whose numbers runs are held against; "" where there are none. A column.
      tables, figures: packages in which there is a module for each.
      groups: whose means are reported.
      effects_title: heads the table of effects.
      effects_notes: what its rows mean.
      methods: paragraphs on how what is particular to the study is computed.
    """

    name: str = ""
    tables: tuple[str, ...] = ("xlt_flax.analysis.tables",)
    figures: tuple[str, ...] = ("xlt_flax.analysis.figures",)
    groups: tuple[Group, ...] = ()
    effects_title: str = "Effects"
    effects_notes: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()

    def concerns(self, results: Results) -> bool:
        """Whether the runs are of this study."""
        return True

    def title(self, results: Results) -> str:
        """What the runs are of, in a few words."""
        return f"Zero-shot transfer to {languages_listed(targets_of(results))}"

    def heading(self, results: Results) -> str:
        """What heads the page."""
        return self.title(results)

    def table_of(self, run: Run) -> str:
        """The key of the table in which a run stands."""
        return run.table

    def others_title(self, results: Results) -> str:
        """Heads the table of runs with which no reported number can be compared."""
        return f"Accuracy on {language_name(results.target_language)}"

    def reported(self, run: Run) -> float | None:
        """The accuracy that the study has reported for a run, a share."""
        return None

    def reported_effects(self, results: Results) -> Mapping[str, float]:
        """Contrasts by their keys, of the reported accuracies."""
        return {}

    def is_repeated_by(self, cell: "Cell", runs: Sequence[Run]) -> bool:
        """Whether a cell's runs are the very experiment that the study has reported."""
        return False

    def families(self, names: Iterable[str]) -> list[Family]:
        """The contrasts to take, given the names of all runs, finished or not."""
        return []

    def comparisons(self, results: Results) -> Mapping[str, Sequence[tuple[str, str]]]:
        """Pairs of names of runs to compare, by what they are called in results.json."""
        return {}

    def yardsticks(self, results: Results) -> Sequence[Yardstick]:
        """What something simpler than the runs gets on the same documents."""
        return ()

    def deviations(self, run: Run) -> list[Deviation]:
        """In which fields a run is not the study's experiment."""
        return []

    def departures(self, findings: "Findings") -> list[str]:
        """Why the reported numbers are no yardstick for these runs; empty when they are one."""
        return []

    def answers(self, findings: "Findings") -> list[Answer]:
        """What the runs say to the study's questions."""
        return []

    def best(self, findings: "Findings") -> "Cell | None":
        """The runs of one name whose mistakes are worth a look; None without a finished one."""
        known = [cell for cell in findings.every.cells.values() if cell.mean is not None]
        return max(known, key=lambda cell: cell.mean or 0.0, default=None)

    def curve_columns(self, names: Sequence[str]) -> list[Column]:
        """How runs stand beside each other in the figure of learning curves."""
        return [Column("runs", "ink", names)]
