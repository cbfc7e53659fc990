"""The trained model of a workdir, with the word embeddings of tokens that it was not trained on."""

import logging
from dataclasses import replace

from ml_collections import ConfigDict

from xlt_flax.data.long_documents import WINDOWS
from xlt_flax.evaluation.named_checkpoint import load_named
from xlt_flax.prediction.trained import Trained, make_trained
from xlt_flax.training import provenance
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.initial_weights import unused_rows
from xlt_flax.training.inputs import open_inputs
from xlt_flax.training.kept_base import kept_digest, kept_table, open_kept
from xlt_flax.training.stages import starting_point
from xlt_flax.workdir import Workdir

log = logging.getLogger("xlt_flax")


def open_workdir(workdir: Workdir, config: ConfigDict, checkpoint: str = "best") -> Trained:
    """The model of one of a run's checkpoints.

    The workdir is enough, but for one that an older version made: that needs the model that it
    began with, and its data set's description.

    Args:
      workdir: of a run, finished or not.
      config: of it, with places that may be given anew.
      checkpoint: "best", "latest" or a step.

    Raises:
      UserError: there is no such checkpoint, or the workdir is not enough; the line says what is
        needed.
    """
    load = _with_kept_base if workdir.base.is_dir() else _with_named_base
    step, name, trained = load_named(workdir, checkpoint, lambda step: load(workdir, config, step))
    log.info("model: %s, checkpoint %d (%s)", workdir.path, step, name)
    if config.data.long == WINDOWS:
        log.info(
            "it was trained on windows of long texts, and reads all of them where not told else"
        )
    return replace(trained, step=step)


def _with_kept_base(workdir: Workdir, config: ConfigDict, step: int) -> Trained:
    model = open_kept(workdir, config)
    checkpoints = Checkpoints(workdir.checkpoints)
    params, held = checkpoints.restore_params(step)
    if not held.is_whole:
        params = held.rebuild(params, kept_table(workdir, config, step))
    digest = checkpoints.params_digest(step)
    return make_trained(config, model, workdir.labels(), params, f"{digest} {kept_digest(workdir)}")


def _with_named_base(workdir: Workdir, config: ConfigDict, step: int) -> Trained:
    inputs, start = open_inputs(config), starting_point(config, workdir)
    provenance.check_labels(workdir, inputs, start)
    checkpoints = Checkpoints(workdir.checkpoints)
    params, held = checkpoints.restore_params(step)
    inputs.base.require_fit(params, held.full_size, workdir.path)
    if not held.is_whole:
        params = held.rebuild(params, unused_rows(config, inputs, start, step))
    digest = f"{checkpoints.params_digest(step)} {start.digest}"
    return make_trained(config, inputs.base, inputs.labels.names, params, digest)
