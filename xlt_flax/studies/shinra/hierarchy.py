"""What classes are called: the class list of the data, which runs themselves do not keep."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from xlt_flax.analysis.formats import NOTHING
from xlt_flax.analysis.results import Results
from xlt_flax.data.sources import find_source
from xlt_flax.data.sources.shinra.class_list import ClassNode
from xlt_flax.data.sources.shinra.source import ShinraSource
from xlt_flax.errors import UserError
from xlt_flax.studies.shinra.reported import is_of_shinra
from xlt_flax.studies.texts import data_of


@dataclass(frozen=True)
class Hierarchy:
    """Names of classes by their ids.

    Attributes:
      nodes: by id; {}: the class list is not at hand.
      missing: why; "" where it is.
    """

    nodes: Mapping[str, ClassNode] = field(default_factory=dict)
    missing: str = ""

    def english(self, id: str) -> str:
        return self.nodes[id].english or NOTHING if id in self.nodes else NOTHING

    def japanese(self, id: str) -> str:
        return self.nodes[id].japanese if id in self.nodes else NOTHING

    def words(self, id: str) -> str:
        """歌手 (Singer); the id itself where its names are not known."""
        return f"{self.japanese(id)} ({self.english(id)})" if id in self.nodes else id

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be said beside names."""
        return (self.missing,) if self.missing else ()


def hierarchy_of(results: Results) -> Hierarchy:
    """Of the data that the runs were made on; without names where that is gone."""
    try:
        source = find_source(data_of([run for run in results.runs if is_of_shinra(run)]))
        return Hierarchy(cast(ShinraSource, source).classes.nodes)
    except (UserError, OSError) as error:
        return Hierarchy(missing=f"Classes stand by their ids alone: {error}")
