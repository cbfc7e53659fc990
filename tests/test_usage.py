"""What --help says is read from where it is written, and nothing of it is left out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from xlt_flax import __main__ as overview
from xlt_flax import shipped_configs, usage
from xlt_flax.config_fields import known_fields

ROOT = Path(__file__).parents[1]
PROGRAMS = usage.programs()
WITH_CONFIG = ("main", "sweep", "bench", "prepare")


def run(module, *arguments):
    """As users start it; (exit code, standard output, standard error)."""
    command = [sys.executable, "-m", module, *arguments]
    finished = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True)
    return finished.returncode, finished.stdout, finished.stderr


@pytest.fixture(scope="module")
def helped():
    """{program: what its --help says}"""
    return {name: run(f"xlt_flax.{name}", "--help") for name in PROGRAMS}


def test_the_programs_are_the_modules_that_start_one():
    assert {"main", "eval", "sweep", "report", "bench", "prepare"} <= PROGRAMS.keys()
    assert "usage" not in PROGRAMS
    for name, line in PROGRAMS.items():
        source = (ROOT / "xlt_flax" / f"{name}.py").read_text()
        assert f"{line}\n" in source
        assert source.endswith('if __name__ == "__main__":\n    cli.run(main)\n')


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_is_what_a_program_says_of_itself(name, helped):
    code, told, errors = helped[name]
    assert (code, errors) == (0, "")
    assert told.startswith(f"{PROGRAMS[name]}\n")
    assert f"python -m xlt_flax.{name} " in told
    for foreign in ("--pdb", "--alsologtostderr", "--helpfull", "repeat this option"):
        assert foreign not in told


@pytest.mark.parametrize("name", sorted(PROGRAMS.keys() - WITH_CONFIG))
def test_help_of_a_program_that_reads_a_workdir_has_no_other_fields(name, helped):
    assert "--config.train." not in helped[name][1]


@pytest.mark.parametrize("name", WITH_CONFIG)
def test_help_has_every_field_and_config(name, helped):
    lines = helped[name][1].splitlines()
    for field in known_fields():
        assert any(line.startswith(f"  --config.{field}=") for line in lines), field
    assert "  --config.train.learning_rate=2e-05" in lines
    assert "      Peak learning rate of AdamW." in lines
    for config in shipped_configs.names():
        source = (ROOT / config).read_text().lstrip('r"')
        (line,) = (line for line in lines if line.startswith(f"  {config} "))
        assert line.endswith(f"  {source.splitlines()[0]}")


def test_every_field_has_a_comment_and_is_shown_once():
    found = usage.commented_fields()
    assert [comment for comment, _ in found if not comment] == []
    assert sorted(field for _, fields in found for field in fields) == sorted(known_fields())


def test_a_fields_comment_is_the_one_above_it():
    comments = {field: comment for comment, fields in usage.commented_fields() for field in fields}
    assert comments["seed"] == "Seed of the head's weights, the order of documents and dropout."
    assert comments["train.beta1"] == comments["train.weight_decay"]
    assert comments["train.batch_size"].startswith("Documents of one update")


@pytest.mark.parametrize("flag", ["-h", "-help", "--helpfull", "--helpshort"])
def test_other_spellings_of_help(flag, helped):
    assert run("xlt_flax.main", "--config.seed=1", flag) == helped["main"]


def test_a_flag_has_its_default_and_what_it_is(helped):
    assert "  --steps=20\n      Steps to time, after those that compile; 0: " in helped["bench"][1]
    assert "  --watch=false\n" in helped["eval"][1]
    assert "  --ceiling=true\n" in helped["sweep"][1]
    told = helped["eval"][1]
    assert "\n  --config.model.name=VALUE\n" in told
    assert "in place of the workdir's. Hub id, or a local folder with" in " ".join(told.split())


# ---- python -m xlt_flax -------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_the_package_names_its_programs(arguments):
    code, told, errors = run("xlt_flax", *arguments)
    assert (code, errors) == (0, "")
    for name, line in PROGRAMS.items():
        (shown,) = (
            row for row in told.splitlines() if row.startswith(f"    python -m xlt_flax.{name} ")
        )
        assert shown.endswith(f"  {line}")


@pytest.mark.parametrize(
    ("word", "meant"),
    [("main", "main"), ("train", "main"), ("evaluate", "eval"), ("reprot", "report")],
)
def test_a_word_after_the_package(word, meant, capsys):
    assert overview.main([word, "--config=configs/demo.py"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{word}: no program; was python -m xlt_flax.{meant} meant?" in line


def test_a_word_that_is_like_nothing(capsys):
    assert overview.main(["xyzzy"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("xlt_flax: xyzzy: no program; there are ")
