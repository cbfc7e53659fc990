"""Says how well a trained model does on a language it was not trained on.

    python -m xlt_flax.eval --workdir=DIR [--checkpoint=best|latest|STEP] [--language=de,ja ...]
    python -m xlt_flax.eval --workdir=DIR --watch    # each checkpoint of a running training
    python -m xlt_flax.eval --workdir=DIR --config.model.name=PLACE    # of a model that was moved

Reads DIR only (and the data and model that its config names), writes DIR/eval/.
"""

from absl import flags

from xlt_flax import cli, overrides
from xlt_flax.stored_config import PLACES

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_CHECKPOINT = flags.DEFINE_string("checkpoint", "best", "best, latest, or a step.")
_LANGUAGE = flags.DEFINE_multi_string(
    "language",
    None,
    "Languages to judge, joined by commas or given one by one. Default: the run's target.",
)
_WATCH = flags.DEFINE_bool(
    "watch", False, "Wait for a training; judge each checkpoint as it appears, until it ends."
)
_GIVEN = overrides.define_field_flags([*PLACES, "eval.batch_size"])


def main(_):
    from xlt_flax.data.sources import find_source, languages_named
    from xlt_flax.workdir import Workdir

    workdir = Workdir(_WORKDIR.value)
    if _WATCH.value:
        workdir.wait_until_begun()
    config = overrides.given_anew(workdir.read_config(), _GIVEN)
    languages = languages_named(_LANGUAGE.value or [], find_source(config.data).languages)
    cli.start_jax(config, "eval")

    from xlt_flax.evaluation.evaluate import Judge

    judge = Judge(workdir, config, languages or [config.data.target_language])
    if _WATCH.value:
        judge.watch()
    print(judge.judge(_CHECKPOINT.value))


if __name__ == "__main__":
    cli.run(main)
