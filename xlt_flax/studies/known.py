"""The studies that are known: which of them runs are of, and the tables that they stand in."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from xlt_flax.studies.thesis.reported import TABLE_OF

if TYPE_CHECKING:  # a sweep needs none of it
    from xlt_flax.analysis.findings import Findings, Pair
    from xlt_flax.analysis.results import Results
    from xlt_flax.analysis.study_report import StudyReport


def tables_of(names: Sequence[str]) -> Mapping[str, str]:
    """A run's name -> its table, where all runs are of a study that has tables; else {}."""
    return TABLE_OF if TABLE_OF.keys() >= set(names) else {}


def study_of(results: "Results") -> "StudyReport":
    """The first study that some run is of; for runs of none, one that knows nothing."""
    from xlt_flax.analysis.study_report import StudyReport
    from xlt_flax.studies.diversity.report import DiversityReport
    from xlt_flax.studies.own_text.report import OwnTextReport
    from xlt_flax.studies.shinra.report import ShinraReport
    from xlt_flax.studies.thesis.report import ThesisReport

    known = (ShinraReport(), OwnTextReport(), ThesisReport(), DiversityReport(), StudyReport())
    return next(study for study in known if study.concerns(results))


def find(results: "Results", asked: "Sequence[Pair]" = (), texts: bool = False) -> "Findings":
    """All that the report of some runs shows: see analysis.findings.

    Args:
      results: what was read.
      asked: pairs to compare as well.
      texts: look for the most certain mistakes, with their texts.

    Raises:
      UserError: texts are asked for, and are not at hand.
    """
    from xlt_flax.analysis import findings
    from xlt_flax.studies import mistakes

    found = findings.find(results, study_of(results), asked)
    return mistakes.with_texts(found) if texts else found
