"""What is wrong with a command line's flags: a line each, with what was probably meant.

absl and config_flags stop at the first mistake, and speak of it as Python does. So all flags are
looked at before, by their names and by the types of their values alone.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from difflib import get_close_matches
from itertools import takewhile
from pathlib import Path

from absl import flags

from xlt_flax import usage
from xlt_flax.config_fields import known_fields, nearest_fields

_OF_A_SWEEP = "sweep.runs"  # the one field that only some configs have
_OF_ABSL = ("flagfile", "undefok")
_PARSERS: dict[type, flags.ArgumentParser] = {
    bool: flags.BooleanParser(),
    int: flags.IntegerParser(),
    float: flags.FloatParser(),
    str: flags.ArgumentParser(),
}
_TRUTH = {"yes": "true", "y": "true", "on": "true", "no": "false", "n": "false", "off": "false"}

# What run_classification.py and other trainers call it.
_ELSEWHERE = {
    "lr": "config.train.learning_rate",
    "num_train_epochs": "config.train.epochs",
    "per_device_train_batch_size": "config.train.batch_size",
    "per_device_eval_batch_size": "config.eval.batch_size",
    "max_seq_length": "config.data.max_length",
    "model": "config.model.name",
    "model_name_or_path": "config.model.name",
    "bf16": "config.model.dtype=bfloat16",
    "data": "config.data.files",
    "train_file": "config.data.files",
    "output_dir": "workdir",
    "overwrite_output_dir": "overwrite",
}

Parsers = dict[str, flags.ArgumentParser]


def wrong_flags(argv: Sequence[str], values: flags.FlagValues) -> list[str]:
    """A line for each word that is no flag of ours, or gives one a value that it cannot have.

    Args:
      argv: the command line, with the program's name.
      values: the flags.
    """
    program, parsers, told = Path(argv[0]).stem, _parsers(values), []
    for name, value in _given(argv[1:], parsers):
        if name not in parsers:
            told.append(_unknown(program, name, value, values))
        elif value is None:
            told.append(f"--{name} has no value: give --{name}=VALUE")
        elif line := _wrong_value(name, value, parsers[name]):
            told.append(line)
    return told


def missing_flags(argv: Sequence[str], values: flags.FlagValues, told: Sequence[str]) -> list[str]:
    """A line for each flag that must be given and is not.

    Args:
      argv: the command line, with the program's name.
      values: the flags, before they are read.
      told: lines of other mistakes; a flag that one of them speaks of was meant to be given.
    """
    given = {name for name, _ in _given(argv[1:], _parsers(values))}
    if not given.isdisjoint(_OF_ABSL):
        return []  # a file may hold them: absl reads it, and tells of the first that is missing
    spoken_of = re.findall(r"--([\w.]+)", " ".join(told))
    missing = (name for name in values if name not in {*given, *spoken_of})
    return [_missing(name, Path(argv[0]).stem) for name in missing if _is_required(name, values)]


def in_words(error: Exception, program: str) -> str:
    """What absl or config_flags found wrong besides, in one line."""
    text = " ".join(str(error).split())
    if missing := re.match(r"flag --([\w.]+)=None: ", text):
        return _missing(missing[1], program)
    if misplaced := re.match(r"Found (\S+) in argv before a value for --config", text):
        return f"{misplaced[1]} stands before --config: give --config first"
    return text


def _missing(name: str, program: str) -> str:
    return f"--{name} is missing: {_ask(program)} what it takes"


def _is_required(name: str, values: flags.FlagValues) -> bool:
    """Whether a flag cannot stay as it is."""
    try:
        for validator in values[name].validators:
            validator.verify(values)
    except flags.ValidationError:
        return True
    return False


def _given(words: Sequence[str], parsers: Parsers) -> Iterator[tuple[str, str | None]]:
    """(name, value) of each flag, known or not; the value None if there is none."""
    left = iter(takewhile(lambda word: word != "--", words))
    for word in left:
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("-") or not name:
            continue  # it belongs to no flag: see words.py
        parser = parsers.get(name)
        if equals:
            yield name, value
        elif isinstance(parser, flags.BooleanParser):
            yield name, "true"
        else:
            yield name, None if parser is None else next(left, None)


def _parsers(values: flags.FlagValues) -> Parsers:
    """{name: what reads its value} of all flags, and of the config's fields where all are taken."""
    found = {name: values[name].parser for name in values}
    found |= {name: _PARSERS[str] for name in _OF_ABSL}
    if "config" in values:
        fields = known_fields()
        sections = {field.rpartition(".")[0] for field in fields} - {""}
        found |= {f"config.{name}": _PARSERS[str] for name in (*sections, _OF_A_SWEEP)}
        found |= {f"config.{field}": _PARSERS[_kind(value)] for field, value in fields.items()}
    switches = {name: p for name, p in found.items() if isinstance(p, flags.BooleanParser)}
    return {f"no{name}": parser for name, parser in switches.items()} | found


def _kind(default: object) -> type:
    return float if default is None else type(default)


# ---- Names ---------------------------------------------------------------------------------------


def _unknown(program: str, name: str, value: str | None, values: flags.FlagValues) -> str:
    word = f"--{name}" if value is None else f"--{name}={value}"
    part, _, field = name.partition(".")
    if part == "config" and "config" not in values:
        return f"{word}: {program} {_taken_of_a_config(values)}"
    wrong = (
        f"the config has no field {field}" if part == "config" else f"{program} has no such flag"
    )
    given = word.removeprefix(f"--{name}")
    meant = [f"--{other}{'' if '=' in other else given}" for other in _nearest(name, values)]
    hint = f"was {' or '.join(meant)} meant?" if meant else f"{_ask(program)} which there are"
    return f"{word}: {wrong}; {hint}"


def _taken_of_a_config(values: flags.FlagValues) -> str:
    fields = [f"--{flag}" for flag in sorted(values) if flag.startswith("config.")]
    if not fields:
        return "takes no config"
    return f"reads the workdir's config and takes only {', '.join(fields)}"


def _nearest(name: str, values: flags.FlagValues) -> list[str]:
    """The flags that may be meant, fields of the config among them."""
    own = [flag.name for flag in usage.own_flags(values)]
    fields = known_fields() if "config" in values else {}
    name = name.replace("-", "_")
    other = _ELSEWHERE.get(name, "")
    if other.partition("=")[0] in {*own, *(f"config.{field}" for field in fields)}:
        return [other]
    begun = [flag for flag in own if len(name) > 2 and flag.startswith(name) and "." not in flag]
    if near := get_close_matches(name, own, n=1, cutoff=0.75) or begun:
        return near
    if fields:
        return [f"config.{field}" for field in nearest_fields(name.removeprefix("config."))]
    return [flag for flag in own if flag.endswith(f".{name}")]


def _ask(program: str) -> str:
    return f"python -m xlt_flax.{program} --help says"


# ---- Values --------------------------------------------------------------------------------------


def _wrong_value(name: str, value: str, parser: flags.ArgumentParser) -> str | None:
    try:
        parser.parse(value)
    except (ValueError, TypeError):
        meant = _meant_value(value, parser)
        hint = f"; was --{name}={meant} meant?" if meant else ""
        return f"--{name}={value}: give {_expected(parser)}{hint}"
    return None


def _expected(parser: flags.ArgumentParser) -> str:
    if isinstance(parser, flags.BooleanParser):
        return "true or false"
    if isinstance(parser, flags.EnumParser):
        return f"one of {', '.join(parser.enum_values)}"
    kinds = {flags.IntegerParser: "a whole number", flags.FloatParser: "a number"}
    expected = kinds.get(type(parser), parser.syntactic_help)
    low = getattr(parser, "lower_bound", None)
    return expected if low is None else f"{expected} of {low} or more"


def _meant_value(value: str, parser: flags.ArgumentParser) -> str | None:
    """`yes` as true, `3.0` and `1e3` as whole numbers, `0,1` as .1; None: it is none of them."""
    if isinstance(parser, flags.BooleanParser):
        return _TRUTH.get(value.lower())
    with suppress(ValueError, TypeError, OverflowError):
        number = float(value.replace(",", "."))
        if isinstance(parser, flags.IntegerParser) and number.is_integer() and "," not in value:
            return str(parser.parse(str(int(number))))
        if isinstance(parser, flags.FloatParser):
            return str(parser.parse(str(number)))
    return None
