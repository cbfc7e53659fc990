"""What something simpler than the runs gets on the same documents, to hold them against."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Yardstick:
    """One such thing, learned from the same documents as the runs.

    Attributes:
      key: its name in results.json.
      title: heads its column.
      accuracies: language -> the name of the runs that it stands beside -> a share.
      missing: why there are none, or not all, a plain sentence each.
    """

    key: str
    title: str
    accuracies: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    def of(self, language: str, name: str) -> float | None:
        return self.accuracies.get(language, {}).get(name)
