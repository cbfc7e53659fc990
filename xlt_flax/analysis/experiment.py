"""An experiment as values, and how a run's config departs from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from xlt_flax.analysis.fields import OF_SECOND_STAGE, Config, model_name


class Field(NamedTuple):
    """A field that decides a result: its full name, the experiment's value, and what it is."""

    name: str
    value: object
    what: str


@dataclass(frozen=True)
class Deviation:
    """One field in which a run is not the experiment.

    Attributes:
      field: its full name.
      what: it is, in words.
      wanted, run: its value there and here.
    """

    field: str
    what: str
    wanted: object
    run: object


@dataclass(frozen=True)
class Experiment:
    """What was done, field by field.

    Attributes:
      fields: all that decide a result; those of a second stage play a part in such runs alone.
      unset: what a field means that is None: a model's own value.
    """

    fields: tuple[Field, ...]
    unset: Mapping[str, object] = field(default_factory=dict)

    def deviations(self, config: Config) -> list[Deviation]:
        """In which fields a run is not this experiment; seeds and draws are none.

        Args:
          config: every field of the run; those that are missing are taken for the experiment's.
        """
        found = []
        for name, wanted, what in self.fields:
            value = self._value(config, name, wanted)
            plays_a_part = name not in OF_SECOND_STAGE or config.get("init_from")
            if plays_a_part and value != wanted:
                found.append(Deviation(name, what, wanted, value))
        return found

    def _value(self, config: Config, name: str, wanted: object) -> object:
        value = config.get(name, wanted)
        if name == "model.name":
            return model_name(config) or wanted
        return self.unset.get(name) if value is None else value
