"""Says how well a trained model does on a language it was not trained on.

    python -m xlt_flax.eval --workdir=DIR [--checkpoint=best|latest|STEP] [--language=de,ja ...]
    python -m xlt_flax.eval --workdir=DIR --watch    # each checkpoint of a running training
    python -m xlt_flax.eval --workdir=DIR --long=windows    # long documents whole, in windows
    python -m xlt_flax.eval --workdir=DIR --config.model.name=PLACE    # of a model that was moved
    python -m xlt_flax.eval --workdir=DIR --config.eval.weights=bfloat16    # weights in less memory
    python -m xlt_flax.eval --submission=FILE --answers=FILE [--classes=FILE]    # SHINRA's scorer

Reads DIR only (and the data and model that its config names), writes DIR/eval/. A submission and
its answers are JSON lines in the new or the old layout, or the development TSV; also .gz and .bz2.
"""

from collections.abc import Sequence

from absl import flags

from xlt_flax import api, cli, overrides
from xlt_flax.data.long_documents import LONG
from xlt_flax.errors import UserError
from xlt_flax.stored_config import PLACES
from xlt_flax.workdir import Workdir

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.")
_CHECKPOINT = flags.DEFINE_string("checkpoint", "best", "best, latest, or a step.")
_LANGUAGE = flags.DEFINE_multi_string(
    "language",
    None,
    "Languages to judge, joined by commas or given one by one. Default: the run's target.",
)
_WATCH = flags.DEFINE_bool(
    "watch", False, "Wait for a training; judge each checkpoint as it appears, until it ends."
)
_SUBMISSION = flags.DEFINE_string("submission", None, "In place of a run: classes of pages.")
_ANSWERS = flags.DEFINE_string("answers", None, "What is right of a submission's pages.")
_CLASSES = flags.DEFINE_string(
    "classes", None, "SHINRA's class list; the development TSV needs it."
)
_LONG = flags.DEFINE_enum(
    "long",
    None,
    LONG,
    "What becomes of documents that are longer than the model reads: truncate reads their "
    "beginning, windows all, and takes the mean of the probabilities. Default: as the run was "
    "trained, config.data.long.",
)
_GIVEN = overrides.define_field_flags([*PLACES, "eval.batch_size", "eval.weights"])


def main(_: Sequence[str]) -> None:
    if _SUBMISSION.value or _ANSWERS.value or _CLASSES.value:
        _score()
        return
    if not _WORKDIR.value:
        raise UserError("--workdir is missing: python -m xlt_flax.eval --help says what it takes")
    workdir = Workdir(_WORKDIR.value)
    if _WATCH.value:
        workdir.wait_until_begun()
    places = overrides.given(_GIVEN)
    cli.start_jax(overrides.given_anew(workdir.read_config(), places), "eval")
    asked = _LANGUAGE.value, _CHECKPOINT.value, _WATCH.value
    print(api.evaluate(workdir.path, *asked, places, _LONG.value))


def _score() -> None:
    if _WORKDIR.value or not (_SUBMISSION.value and _ANSWERS.value):
        raise UserError("give --submission=FILE with --answers=FILE, or --workdir=DIR alone")
    print(api.score_submission(_SUBMISSION.value, _ANSWERS.value, _CLASSES.value))


if __name__ == "__main__":
    cli.run(main)
