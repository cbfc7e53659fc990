"""Words that belong to no flag are refused, with the spelling that was probably meant."""

import sys
from pathlib import Path

import forks
import pytest
from absl import flags

from xlt_flax import words

ROOT = Path(__file__).parents[1]


@pytest.fixture
def values():
    """Flags of each kind, as command lines define them."""
    values = flags.FlagValues()
    flags.DEFINE_string("workdir", None, "x", flag_values=values)
    flags.DEFINE_string("config", None, "x", flag_values=values)
    flags.DEFINE_list("seeds", None, "x", flag_values=values)
    flags.DEFINE_list("only", [], "x", flag_values=values)
    flags.DEFINE_multi_string("language", None, "x", flag_values=values)
    flags.DEFINE_integer("steps", 20, "x", flag_values=values)
    flags.DEFINE_bool("watch", False, "x", flag_values=values)
    flags.DEFINE_bool("config.data.dedup", False, "x", flag_values=values)
    values.set_gnu_getopt(True)
    return values


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--only E1 D1", "D1: belongs to no flag; was --only=E1,D1 meant?"),
        ("--only=E1, D1 --watch", "D1: belongs to no flag; was --only=E1,D1 meant?"),
        ("--seeds 50 51 52", "51 52: belongs to no flag; was --seeds=50,51,52 meant?"),
        ("--seeds 50 50", "50: belongs to no flag; was --seeds=50,50 meant?"),
        ("--language ja en", "en: belongs to no flag; was --language=ja,en meant?"),
        ("--config.data.dedup false config.seed=51", "false: .* --config.data.dedup=false meant"),
        ("--watch config.seed=51", "config.seed=51: .* was --config.seed=51 meant"),
        ("--watch –seeds=50", "–seeds=50: .* was --seeds=50 meant"),
        ("—workdir=a –seeds=50", "—workdir=a: .* was --workdir=a meant"),
        ("−-seeds=50", "was --seeds=50 meant"),
        ("workdir=a", "was --workdir=a meant"),
        ("--workdir=my runs", "runs: .* was '--workdir=my runs' meant"),
        ("configs/demo.py --watch", "was --config=configs/demo.py meant"),
        ("--watch ja", "ja: belongs to no flag; values are given as --flag=VALUE"),
        ("--watch -- ja", "ja: belongs to no flag; values are given as"),
        ("--steps 5 6", "6: .* was '--steps=5 6' meant"),
    ],
)
def test_what_was_probably_meant(line, told, values):
    argv = ["program", *line.split()]
    rest = values(argv)[1:]
    found = words.left_over(argv, rest, values)
    assert len(found.splitlines()) == 1
    for part in told.split(" .* "):
        assert part in found


@pytest.mark.parametrize(
    "line", ["", "--seeds=50,51 --watch", "--only E1 --workdir a", "--config a.py --nowatch", "--"]
)
def test_what_is_right_is_let_through(line, values):
    argv = ["program", *line.split()]
    assert words.left_over(argv, values(argv)[1:], values) is None
    assert words.misspelled(argv, values) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--config=a.py --steps=3 --config.seed=1", "--config=a.py --config.seed=1"),
        ("--steps 3 --config a.py --compare", "--config a.py"),
        ("--config=a.py --config.data.dedup --steps 3", "--config=a.py --config.data.dedup"),
        ("--config.seed 51 -config a.py:E1", "--config.seed 51 -config a.py:E1"),
    ],
)
def test_a_configs_words_are_handed_on(line, expected):
    """To the process in which a benchmark has its data prepared."""
    assert words.of_config(line.split()) == expected.split()


def run(module, *arguments):
    return forks.run([sys.executable, "-m", f"xlt_flax.{module}", *arguments], cwd=ROOT)


DEMO = "--config=configs/demo.py"


@pytest.mark.parametrize(
    ("module", "arguments", "meant"),
    [
        ("main", [DEMO, "--config.data.dedup", "false"], "--config.data.dedup=false"),
        ("main", ["–config=configs/demo.py"], "--config=configs/demo.py"),
        ("prepare", [DEMO, "config.seed=51"], "--config.seed=51"),
        ("bench", [DEMO, "–steps=3"], "--steps=3"),
        ("sweep", ["--seeds", "50", "51", DEMO, "--dry_run"], "--seeds=50,51"),
        ("eval", ["--workdir=x", "--language", "ja", "en"], "--language=ja,en"),
        ("report", ["--workdir=x", "--compare", "A", "B"], "--compare=A,B"),
    ],
)
def test_every_command_line_refuses_them(module, arguments, meant, tmp_path):
    finished = run(module, *arguments)
    assert finished.returncode == 2, finished.stderr
    (line,) = finished.stderr.splitlines()
    assert f"was {meant} meant?" in line


def test_a_config_file_that_is_not_there():
    finished = run("prepare", "--config=configs/none.py", "--config.seed=1")
    assert finished.returncode == 2, finished.stderr
    (line,) = finished.stderr.splitlines()
    assert line.startswith("xlt_flax: --config: there is no file configs/none.py: ")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("    config.trian.epochs = 1", ":5 does not load: AttributeError: "),
        ("    return [].nothing", ":5 does not load: AttributeError: "),
        ("    return {}['x']", ":5 does not load: KeyError: 'x'"),
        ("    return (", ":5 does not load: SyntaxError: "),
        ("    raise RuntimeError('of mine')", ":5 does not load: RuntimeError: of mine"),
    ],
)
def test_a_config_files_mistake_is_not_taken_for_a_flags(body, told, tmp_path):
    """With a field on the command line, absl reads the file while it reads the flags."""
    path = tmp_path / "mine.py"
    head = ["from xlt_flax.config import base", "", "def get_config():", "    config = base()"]
    path.write_text("\n".join([*head, body, "    return config", ""]))
    finished = run("prepare", f"--config={path}", "--config.seed=1")
    assert finished.returncode == 2, finished.stderr
    (line,) = finished.stderr.splitlines()
    assert f"--config: {path}{told}" in line
