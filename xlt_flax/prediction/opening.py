"""What a user names as a model: a workdir, a folder, or a hub id."""

from os import PathLike, fspath

from ml_collections import ConfigDict

from xlt_flax.prediction.model_folder import open_folder
from xlt_flax.prediction.trained import Trained
from xlt_flax.prediction.workdir_model import open_workdir
from xlt_flax.workdir import Workdir, is_workdir


def open_trained(
    place: str | PathLike[str], checkpoint: str = "best", config: ConfigDict | None = None
) -> Trained:
    """
    Args:
      place: a workdir; or a folder or hub id of a classifier, as transformers has it.
      checkpoint: of a workdir: "best", "latest" or a step.
      config: of a workdir, with places given anew; None: as it is stored.

    Raises:
      UserError: it is neither, or not as it should be.
    """
    if is_workdir(place):
        workdir = Workdir(place)
        return open_workdir(workdir, config or workdir.read_config(), checkpoint)
    return open_folder(fspath(place))


def open_whole(
    place: str | PathLike[str], checkpoint: str = "best", config: ConfigDict | None = None
) -> Trained:
    """The same with weights as they were trained, whatever `eval.weights` says: to be written."""
    if not is_workdir(place):
        return open_trained(place)
    whole = ConfigDict((config or Workdir(place).read_config()).to_dict())
    whole.eval.weights = "float32"
    return open_trained(place, checkpoint, whole.lock())
