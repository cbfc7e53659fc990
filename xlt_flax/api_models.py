"""What a notebook calls of trained models; api has it too.

What is heavy is imported when it is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path

from xlt_flax.console import shown
from xlt_flax.overrides import given_anew
from xlt_flax.workdir import Workdir


def export(
    workdir: str | PathLike[str],
    folder: str | PathLike[str],
    checkpoint: str = "best",
    calibrate: bool = False,
    msgpack: bool = False,
    places: Mapping[str, str | int] | None = None,
) -> None:
    """Writes a run's model as a folder that transformers opens, in PyTorch too.

    Args:
      workdir: of the run, finished or not.
      folder: that is made; it may be there if it is empty.
      checkpoint: "best", "latest", or a step.
      calibrate: divide the logits by a temperature that is fitted on the documents that validated
        the run, which are of the languages it was trained on.
      msgpack: write flax_model.msgpack as well.
      places: {field: value} of the config where something lies that was moved.

    Raises:
      UserError: there is no such checkpoint, something is in the folder, no class of transformers
        computes the model, or it needs what is not there.
    """
    target = Path(fspath(folder)).expanduser()
    with shown():
        run = Workdir(workdir)
        config = given_anew(run.read_config(), places or {})
        from xlt_flax.prediction import calibrate as calibration
        from xlt_flax.prediction.export import export_model, require_free
        from xlt_flax.prediction.model_card import card_of_run
        from xlt_flax.prediction.opening import open_trained

        require_free(target)
        model, notes, temperature = open_trained(run, checkpoint, config), [], 1.0
        if calibrate:
            fitted = calibration.calibrate(model, run, config)
            notes, temperature = fitted.notes(), fitted.temperature
        export_model(model, target, card_of_run(model, run, notes), temperature, msgpack)
