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
    from xlt_flax.studies.thesis.report import ThesisReport

    known = (ThesisReport(), DiversityReport(), StudyReport())
    return next(study for study in known if study.concerns(results))


def find(results: "Results", asked: "Sequence[Pair]" = ()) -> "Findings":
    """All that the report of some runs shows, `asked` compared as well: see analysis.findings."""
    from xlt_flax.analysis import findings

    return findings.find(results, study_of(results), asked)
