"""How long a run is: its updates, and the epochs that they belong to."""

from dataclasses import dataclass

from ml_collections import ConfigDict

from xlt_flax.data.mixture import documents_of_groups, parse_mixture


@dataclass(frozen=True)
class Length:
    """Updates of a run.

    Attributes:
      per_epoch: in which every training document is seen once; 0 of a run on no documents.
      total: of the run.
      epochs_before: that count as done, of a run whose count of epochs goes on.
    """

    per_epoch: int
    total: int
    epochs_before: int = 0

    def is_epoch_end(self, step: int) -> bool:
        """Whether an epoch, or the run, ends with update number `step`."""
        return step > 0 and (step % self.per_epoch == 0 or step == self.total)

    def epoch(self, step: int) -> int:
        """Counted from 1, or on from `epochs_before`; a step belongs to the epoch whose documents
        it saw."""
        return self.epochs_before + -(-step // max(self.per_epoch, 1))


def length_of(config: ConfigDict, documents: int | None = None, epochs_before: int = 0) -> Length:
    """How long a config's run is: `max_steps` updates, or those of its epochs.

    Args:
      config: of the run; on no documents, it makes no updates whatever it says.
      documents: that it trains on; None: as many as the config says of a mixture of groups. Of
        another mixture the data says it (`selection.count_training`).
      epochs_before: that count as done.
    """
    if documents is None:
        documents = documents_of_groups(parse_mixture(config.mixture), config.data.train_per_group)
    each = -(-documents // config.train.batch_size)
    total = max(config.train.epochs - epochs_before, 0) * each
    if each and config.train.max_steps:
        total = config.train.max_steps
    return Length(each, total, epochs_before)
