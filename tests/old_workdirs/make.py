"""Makes november_2026.tar.xz beside this file: a finished run of workdir format 1, and its model.

Only the code of that time writes that format:

    git worktree add /tmp/november e3ae455
    cd /tmp/november && python THIS/FOLDER/make.py

The run has 16 units, two updates on eight English documents, and one checkpoint. Its config names
its model by a path that is nowhere else, as the config of a run from another machine does.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from xlt_flax.data.sources.webis_cls10.raw_files import SAMPLE_DIR

_SHAPE = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": 16,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
    "initializer_range": 0.02,
}


def make_model(folder: Path) -> None:
    """A model of Google's form: a shape, and a vocabulary of the sample's single characters."""
    pieces = (SAMPLE_DIR / "tiny-bert" / "vocab.txt").read_text("utf-8").splitlines()
    kept = [p for p in pieces if p.startswith("[") or len(p.removeprefix("##")) == 1]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(kept) + "\n", "utf-8")
    shape = {"vocab_size": len(kept), **_SHAPE}
    (folder / "bert_config.json").write_text(json.dumps(shape, indent=1) + "\n")


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        make_model(root / "model")
        settings = {
            "model.name": root / "model",
            "data.data_dir": root / "data",
            "data.max_length": 12,
            "data.train_per_group": 8,
            "data.validation_per_group": 4,
            "train.batch_size": 4,
            "train.epochs": 1,
            "train.compilation_cache": False,
        }
        given = [f"--config.{field}={value}" for field, value in settings.items()]
        call = [sys.executable, "-m"]
        run = f"--workdir={root / 'run'}"
        train = [*call, "xlt_flax.main", "--config=configs/demo.py:E1", run, *given]
        subprocess.run(train, check=True)
        subprocess.run([*call, "xlt_flax.eval", run], check=True)
        with tarfile.open(Path(__file__).with_name("november_2026.tar.xz"), "w:xz") as archive:
            for name in ("model", "run"):
                archive.add(root / name, name)


if __name__ == "__main__":
    main()
