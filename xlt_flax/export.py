"""Writes a trained model as a folder that other programs open.

    python -m xlt_flax.export --workdir=DIR --output=FOLDER [--checkpoint=best|latest|STEP]
    python -m xlt_flax.export --workdir=DIR --output=FOLDER --calibrate    # fits a temperature
    python -m xlt_flax.export --workdir=DIR --output=FOLDER --msgpack      # for Flax as well

FOLDER has config.json with the labels' names, the tokenizer, model.safetensors in PyTorch's naming
with the whole vocabulary, and a model card. DIR is enough: no other model is needed.
"""

from collections.abc import Sequence

from absl import flags

from xlt_flax import api, cli, overrides
from xlt_flax.stored_config import PLACES
from xlt_flax.workdir import Workdir

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_OUTPUT = flags.DEFINE_string(
    "output", None, "Folder to write; not there, or empty.", required=True
)
_CHECKPOINT = flags.DEFINE_string("checkpoint", "best", "best, latest, or a step.")
_CALIBRATE = flags.DEFINE_bool(
    "calibrate",
    False,
    "Divide the logits by a temperature that fits the documents which validated the run.",
)
_MSGPACK = flags.DEFINE_bool("msgpack", False, "Write flax_model.msgpack as well.")
_GIVEN = overrides.define_field_flags([*PLACES, "eval.batch_size"])


def main(_: Sequence[str]) -> None:
    places = overrides.given(_GIVEN)
    config = overrides.given_anew(Workdir(_WORKDIR.value).read_config(), places)
    cli.start_jax(config, "export")
    api.export(
        _WORKDIR.value,
        _OUTPUT.value,
        _CHECKPOINT.value,
        calibrate=_CALIBRATE.value,
        msgpack=_MSGPACK.value,
        places=places,
    )
    print(_OUTPUT.value)


if __name__ == "__main__":
    cli.run(main)
