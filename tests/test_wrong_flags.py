"""Mistakes on a command line: a line for each, with the spelling that was probably meant."""

import sys
from pathlib import Path

import forks
import pytest

ROOT = Path(__file__).parents[1]
DEMO = "--config=configs/demo.py"


def refused(program, arguments):
    """The lines that a command line is refused with."""
    command = [sys.executable, "-m", f"xlt_flax.{program}", *arguments]
    finished = forks.run(command, cwd=ROOT)
    assert finished.returncode == 2, finished.stderr
    assert finished.stdout == ""
    for oddity in ("\\", "Traceback", "invalid literal", "command line flag", "None"):
        assert oddity not in finished.stderr
    return finished.stderr.splitlines()


@pytest.mark.parametrize(
    ("program", "arguments", "told"),
    [
        # A flag that is none: the nearest one, or field, with the value that was given.
        ("main", [DEMO, "--workdri=x"], "main has no such flag; was --workdir=x meant?"),
        ("main", [DEMO, "--work-dir=x"], "was --workdir=x meant?"),
        ("main", [DEMO, "--batch_size=16"], "was --config.train.batch_size=16 or --config.eval."),
        ("main", [DEMO, "--batch-size=16"], "was --config.train.batch_size=16 or --config.eval."),
        ("main", [DEMO, "--epoch=3"], "was --config.train.epochs=3 meant?"),
        ("main", [DEMO, "--epochs", "3"], "was --config.train.epochs meant?"),
        ("main", [DEMO, "--seed=3"], "was --config.seed=3 meant?"),
        ("main", [DEMO, "--train.epochs=3"], "was --config.train.epochs=3 meant?"),
        ("main", ["--confg=configs/demo.py"], "was --config=configs/demo.py meant?"),
        ("main", [DEMO, "--xyzzy"], "no such flag; python -m xlt_flax.main --help says which"),
        ("eval", ["--workdir=x", "--languages=ja"], "was --language=ja meant?"),
        ("eval", ["--workdir=x", "--batch_size=3"], "was --config.eval.batch_size=3 meant?"),
        ("sweep", [DEMO, "--seed=50,51"], "was --seeds=50,51 meant?"),
        ("report", ["--workdir=x", "--text"], "was --texts meant?"),
        ("report", ["--workdir=x", "--comp=A,B"], "was --compare=A,B meant?"),
        ("bench", [DEMO, "--step=3"], "was --steps=3 meant?"),
        # As other trainers call it.
        ("main", [DEMO, "--lr=1e-5"], "was --config.train.learning_rate=1e-5 meant?"),
        ("main", [DEMO, "--output_dir=x"], "was --workdir=x meant?"),
        ("main", [DEMO, "--num_train_epochs=3"], "was --config.train.epochs=3 meant?"),
        ("main", [DEMO, "--bf16"], "was --config.model.dtype=bfloat16 meant?"),
        # A field that is none.
        ("main", [DEMO, "--config.learning_rate=1"], "was --config.train.learning_rate=1 meant?"),
        ("main", [DEMO, "--config.train.batchsize=1"], "was --config.train.batch_size=1 meant?"),
        ("main", [DEMO, "--config.trian.epochs=1"], "was --config.train.epochs=1 meant?"),
        ("main", [DEMO, "--config.xyzzy=1"], "the config has no field xyzzy; python -m xlt_flax."),
        ("main", [DEMO, "--config.sweep.runs=E1"], "the config has no field sweep"),
        ("eval", ["--workdir=x", "--config.seed=1"], "eval reads the workdir's config and take"),
        ("eval", ["--workdir=x", DEMO], "eval reads the workdir's config and takes only --config."),
        # A value of another type.
        ("main", [DEMO, "--config.train.epochs=1.5"], "--config.train.epochs=1.5: give a whole n"),
        ("main", [DEMO, "--config.train.epochs", "many"], "--config.train.epochs=many: give a who"),
        ("main", [DEMO, "--config.train.max_steps=1e3"], "was --config.train.max_steps=1000 mean"),
        ("main", [DEMO, "--config.train.learning_rate=abc"], "learning_rate=abc: give a number"),
        ("main", [DEMO, "--config.train.beta1=0,9"], "was --config.train.beta1=0.9 meant?"),
        ("main", [DEMO, "--config.model.dropout=no"], "--config.model.dropout=no: give a number"),
        ("main", [DEMO, "--config.data.dedup=yes"], "give true or false; was --config.data.dedup="),
        ("main", [DEMO, "--noconfig.data.dedup=maybe"], "dedup=maybe: give true or false"),
        ("bench", [DEMO, "--steps=-1"], "--steps=-1: give a whole number of 0 or more"),
        ("report", ["--plan", "--sd=two"], "--sd=two: give a number"),
        # No value at all, or no flag.
        ("main", [], "--config is missing: python -m xlt_flax.main --help says"),
        ("eval", [], "--workdir is missing: python -m xlt_flax.eval --help says"),
        ("main", [DEMO, "--workdir"], "--workdir has no value: give --workdir=VALUE"),
        ("main", [DEMO, "--config.train.epochs"], "--config.train.epochs has no value"),
        ("main", ["--config.seed=1", DEMO], "--config.seed=1 stands before --config"),
        ("main", [f"{DEMO}:"], "--config=configs/demo.py:: nothing stands after the colon"),
        ("main", ["--config", "configs/demo.py:"], "nothing stands after the colon"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_says_what_was_meant(program, arguments, told):
    (line,) = refused(program, arguments)
    assert line.startswith("xlt_flax: ")
    assert told in line


def test_several_mistakes_are_all_told():
    wrong = ["–watch=1", "--epoch=3", "--config.train.epochs=x", "--config.data.dedup=on"]
    lines = refused("main", [DEMO, *wrong])
    for line, word in zip(lines, wrong, strict=True):
        assert line.startswith(f"xlt_flax: {word}: ")


@pytest.mark.parametrize(
    ("program", "arguments", "missing"),
    [
        ("predict", ["--workdir=x"], ["input", "output"]),
        ("predict", ["--output=x"], ["input"]),
        ("export", [], ["workdir", "output"]),
        ("predict", ["--inptu=a.csv", "--top_k=x"], ["output"]),  # beside what else is wrong
        ("predict", ["–input=a.csv"], ["output"]),
    ],
)
def test_all_flags_that_are_missing_are_told(program, arguments, missing):
    lines = refused(program, arguments)
    told = [line.partition(" is missing: ")[0] for line in lines if " is missing: " in line]
    assert told == [f"xlt_flax: --{name}" for name in missing]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--config.train.learning_rate", "-1"],
        ["--config.train.learning_rate=-1", "--noconfig.data.dedup", "--config.data.stratify"],
        ["-config.train.learning_rate=-1", "--config.model.dropout=.1", "--config.seed=0"],
        ["--config.train.learning_rate=-1", "--workdir", "x", "--verbosity=1", "--"],
    ],
)
def test_what_is_right_is_let_through(arguments):
    """As far as to the one value that no rate can have."""
    (line,) = refused("main", [DEMO, *arguments])
    assert line.startswith("xlt_flax: config.train.learning_rate is -1.0: ")
