"""Groups of runs that a study averages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """Runs which a study averages (or names alone).

    Attributes:
      key: unique name, used in results.json.
      table: the study's table, or the run's name where it stands in none.
      label: how many groups of each language, "3:0"; or what the run is.
      runs: names of runs, in the table's order.
      mean: the mean row as the study reported it; None where there is none.
      languages: source languages in each mixture; None where they are not alike in it.
    """

    key: str
    table: str
    label: str
    runs: tuple[str, ...]
    mean: float | None = None
    languages: int | None = None
