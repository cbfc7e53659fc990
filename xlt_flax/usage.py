"""What --help says: a program's purpose and flags, the fields of a config, the configs there are.

Each is read from the one place where it is written: docstrings, the flags themselves, and the
comments of xlt_flax/config.py. No program is imported for that.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from absl import flags

from xlt_flax import config, shipped_configs
from xlt_flax.config_fields import known_fields

_FOLDER = Path(__file__).parent
_FIELD = re.compile(r"config\.([\w.]+) = (?!ConfigDict\(\))")
_WIDTH = 100
_REPEATED = ";\n    repeat this option"  # absl adds it; ours say so in their own words
_ASKED = ("help", "helpfull", "helpshort", "h", "?")


def is_asked(words: Sequence[str]) -> bool:
    """Whether a command line, without the program's name, asks for help."""
    return any(word.startswith("-") and word.lstrip("-") in _ASKED for word in words)


def of_program(docstring: str, values: flags.FlagValues) -> str:
    """All that a program's --help says; with the config's fields where it takes --config.

    Args:
      docstring: of its module.
      values: its flags.
    """
    parts = [docstring.strip(), "Flags:\n\n" + "\n".join(map(_describe, own_flags(values)))]
    if "config" in values:
        parts += [_of_fields(), "Configs that come with the package:\n\n" + _of_configs()]
    return "\n\n".join(parts)


def own_flags(values: flags.FlagValues) -> list[flags.Flag]:
    """Those that our modules define, in order; absl has others (--pdb, --verbosity, …)."""
    by_module = values.flags_by_module_dict().items()
    own = (found for module, found in by_module if not module.startswith("absl."))
    return [flag for found in own for flag in found if not _is_set_by_config(flag, values)]


@cache
def commented_fields() -> list[tuple[str, list[str]]]:
    """[(comment, the fields below it), …] of xlt_flax/config.py, in order; "" is no comment."""
    found: list[tuple[list[str], list[str]]] = [([], [])]
    for line in map(str.strip, inspect.getsource(config.base).splitlines()):
        if line.startswith("# "):
            if found[-1][1]:
                found.append(([], []))
            found[-1][0].append(line[2:])
        elif field := _FIELD.match(line):
            found[-1][1].append(field[1])
        else:
            found.append(([], []))
    return [(" ".join(comment), fields) for comment, fields in found if fields]


def programs() -> dict[str, str]:
    """{"main": the first line of its docstring, …} of what `python -m xlt_flax.NAME` starts."""
    sources = {path.stem: path.read_text("utf-8") for path in sorted(_FOLDER.glob("*.py"))}
    return {
        name: _first_line(text)
        for name, text in sources.items()
        if text.rstrip().endswith("cli.run(main)")
    }


def _of_fields() -> str:
    """A paragraph for each comment, below the fields that it is about; a heading for each part."""
    defaults, lines, part = known_fields(), [], ""
    for comment, fields in commented_fields():
        if (found := fields[0].rpartition(".")[0]) != part:
            part = found
            lines += ["", f"{part}:"]
        lines += [f"  --config.{field}={_typed(defaults[field])}" for field in fields]
        lines += _indented(comment)
    head = "Fields of the config, with the defaults that config files start from:"
    return "\n".join([head, "", *lines])


def _of_configs() -> str:
    found = {name: shipped_configs.FOLDER / Path(name).name for name in shipped_configs.names()}
    width = max(map(len, found))
    return "\n".join(
        f"  {name:<{width}}  {_first_line(path.read_text('utf-8'))}" for name, path in found.items()
    )


def _describe(flag: flags.Flag) -> str:
    comments = {f"config.{name}": text for text, names in commented_fields() for name in names}
    default, told = flag.default, flag.help.partition(_REPEATED)[0]
    if isinstance(default, list):
        default = ",".join(default)
    shown = "VALUE" if default is None else _typed(default)
    told = f"{told} {comments.get(flag.name, '')}".rstrip()
    return "\n".join([f"  --{flag.name}={shown}", *_indented(told)])


def _is_set_by_config(flag: flags.Flag, values: flags.FlagValues) -> bool:
    """Whether config_flags made it, of a field that the command line gives."""
    return "config" in values and flag.name.startswith("config.")


def _typed(value: object) -> str:
    """A value as it is given on a command line."""
    if value is None:
        return "(unset)"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _indented(text: str) -> Iterable[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)


def _first_line(source: str) -> str:
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]
