"""Names the programs, as `python -m xlt_flax`."""

import difflib
import sys

import xlt_flax
from xlt_flax import console, usage

# What else people call them.
_OTHER_NAMES = {"train": "main", "evaluate": "eval", "benchmark": "bench", "inference": "predict"}


def main(words: list[str]) -> int:
    """Prints the programs, or what was probably meant by a word; returns an exit code."""
    if words and not usage.is_asked(words):
        print(f"xlt_flax: {no_program(words[0])}", file=sys.stderr)
        return 2
    print(overview())
    return 0


def overview() -> str:
    """The programs, each with a line on what it does."""
    programs = usage.programs()
    width = max(map(len, programs))
    lines = [f"    python -m xlt_flax.{name:<{width}}  {line}" for name, line in programs.items()]
    head = f"xlt_flax {xlt_flax.__version__}. {(xlt_flax.__doc__ or '').partition(chr(10))[0]}"
    begin = "To begin: python -m xlt_flax.main --config=configs/demo.py. --help of each says more:"
    return "\n\n".join([head, begin, "\n".join(lines)])


def no_program(word: str) -> str:
    """What to say of a word after `python -m xlt_flax`, in one line."""
    names = list(usage.programs())
    known = {name: name for name in names} | _OTHER_NAMES
    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    if near:
        return f"{word}: no program; was python -m xlt_flax.{known[near[0]]} meant?"
    return f"{word}: no program; there are {', '.join(f'python -m xlt_flax.{n}' for n in names)}"


if __name__ == "__main__":
    console.start()  # whoever reads it may leave (`| head`)
    sys.exit(main(sys.argv[1:]))
