"""Makes format_1.tar.xz or format_2.tar.xz beside this file: finished runs of that workdir format,
and their model. Only the code of its time writes a format:

    git worktree add /tmp/then e3ae455     # format 1; dbca2e2: format 2
    cd /tmp/then && python THIS/FOLDER/make.py 1

All runs are of a model 16 or 4 units wide and of a handful of documents. Their configs name the
model by a path that is nowhere else, as the config of a run from another machine does.

Format 1: `run`, on eight English documents, two updates, judged on ja.
Format 2: `run`, the same in two epochs, of which the first is the best, judged on de and ja;
`sweep`, of E1 and E1+J1.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

SETTINGS = {
    "data.max_length": 12,
    "data.train_per_group": 8,
    "data.validation_per_group": 4,
    "train.batch_size": 4,
    "train.compilation_cache": False,
}
_HALVES = SETTINGS | {"data.validation_per_group": 12, "data.stratify": True}
SETTINGS_RUN = _HALVES | {"train.epochs": 2, "train.learning_rate": 0.01}
SETTINGS_SWEEP = _HALVES | {"train.epochs": 1, "train.learning_rate": 0.01}
SWEEP = """
from ml_collections import ConfigDict

from xlt_flax.config import sample


def get_config():
    config = sample()
    with config.unlocked():
        config.sweep = ConfigDict({"runs": ("E1", "E1+J1")})
    return config
"""

_HERE = Path(__file__).resolve().parent
_SAMPLE = Path("xlt_flax", "data", "sample")  # of the code of then
_SHAPE = {
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": 16,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
}


def make_model(folder: Path, last: str, **shape: float) -> None:
    """A model of Google's form: a shape, and a vocabulary of the sample's single characters.

    Args:
      folder: where it is put.
      last: the highest character that is kept.
      shape: fields of its shape that are particular to it.
    """
    listed = (_SAMPLE / "tiny-bert" / "vocab.txt").read_text("utf-8").splitlines()
    single = {p for p in listed if len(p.removeprefix("##")) == 1 and p[-1] <= last}
    kept = [p for p in listed if p.startswith("[") or p in single]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(kept) + "\n", "utf-8")
    shape = {"vocab_size": len(kept), **_SHAPE, **shape}
    (folder / "bert_config.json").write_text(json.dumps(shape, indent=1) + "\n")


def call(command: str, *words: str) -> None:
    subprocess.run([sys.executable, "-m", f"xlt_flax.{command}", *words], check=True)


def fields(values: Mapping[str, object]) -> list[str]:
    return [f"--config.{name}={value}" for name, value in values.items()]


def make_format_1(root: Path, places: list[str]) -> Iterable[str]:
    make_model(root / "model", chr(sys.maxunicode), hidden_size=16, initializer_range=0.02)
    run = [f"--workdir={root / 'run'}"]
    given = fields(SETTINGS | {"train.epochs": 1})
    call("main", "--config=configs/demo.py:E1", *run, *places, *given)
    call("eval", *run)
    return ("model", "run")


def make_format_2(root: Path, places: list[str]) -> Iterable[str]:
    make_model(root / "model", "ん", hidden_size=4, initializer_range=0.5)  # texts differ
    run, sweep = (f"--workdir={root / name}" for name in ("run", "sweep"))
    call("main", "--config=configs/demo.py:E1", run, *places, *fields(SETTINGS_RUN))
    call("eval", run, "--language=de,ja")
    (root / "small.py").write_text(SWEEP)
    call("sweep", f"--config={root / 'small.py'}", sweep, *places, *fields(SETTINGS_SWEEP))
    return ("model", "run", "sweep")


_MAKERS: dict[str, Callable[[Path, list[str]], Iterable[str]]] = {
    "1": make_format_1,
    "2": make_format_2,
}


def main() -> None:
    form = sys.argv[1]
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        places = fields({"model.name": root / "model", "data.data_dir": root / "data"})
        made = _MAKERS[form](root, places)
        with tarfile.open(_HERE / f"format_{form}.tar.xz", "w:xz") as archive:
            for name in made:
                archive.add(root / name, name)


if __name__ == "__main__":
    main()
