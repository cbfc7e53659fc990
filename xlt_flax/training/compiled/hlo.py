"""XLA's text of an optimized program, as values: computations of instructions.

The text is what `jax.stages.Compiled.as_text` gives; its grammar is XLA's
(xla/hlo/parser/hlo_parser.cc), of which this reads what an optimized program has.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_ARRAY = re.compile(r"\b([a-z][a-z0-9]*)\[([\d,]*)\]")
_COMPUTATION = re.compile(r"(ENTRY )?%?([^\s(]+) .*\{$")
_INSTRUCTION = re.compile(r"\s+(ROOT )?%?(\S+) = (.*)$")
_OPCODE = re.compile(r"\s*([a-z][a-z0-9\-]*)\(")
_BITS = re.compile(r"\d+")


@dataclass(frozen=True)
class Array:
    """A part of what an instruction gives: its type, as XLA spells it, and its shape."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        if self.dtype == "pred":
            return self.elements
        bits = _BITS.search(self.dtype)  # a token has none
        return self.elements * int(bits.group()) // 8 if bits else 0


@dataclass(frozen=True)
class Instruction:
    """
    Attributes:
      name: in its computation.
      opcode: such as "fusion".
      arrays: that it gives; several of a tuple.
      operands: names of what it takes.
      number: of a parameter; else -1.
      rest: its attributes, as text.
      is_root: whether it is what its computation gives.
    """

    name: str
    opcode: str
    arrays: tuple[Array, ...]
    operands: tuple[str, ...]
    number: int
    rest: str
    is_root: bool

    @property
    def elements(self) -> int:
        return sum(array.elements for array in self.arrays)

    @property
    def bytes(self) -> int:
        return sum(array.bytes for array in self.arrays)

    @property
    def scope(self) -> str:
        """Its place in the program's source: JAX's names of functions and scopes, / between."""
        return self._text("op_name") or ""

    @property
    def target(self) -> str:
        """What a custom call calls."""
        return self._text("custom_call_target") or ""

    def called(self, attribute: str) -> str | None:
        """The computation that an attribute, such as "calls", names."""
        found = re.search(rf"\b{attribute}=%?([^\s,}}]+)", self.rest)
        return found and found.group(1)

    @property
    def branches(self) -> list[str]:
        """The computations of a conditional."""
        named = re.search(r"branch_computations=\{([^}]*)\}", self.rest)
        if named:
            return [name.strip().lstrip("%") for name in named.group(1).split(",")]
        return [name for of in ("true", "false") if (name := self.called(f"{of}_computation"))]

    def numbers(self, attribute: str) -> tuple[int, ...]:
        """Such as of lhs_contracting_dims={1,2}."""
        found = re.search(rf"\b{attribute}=\{{([\d,]*)\}}", self.rest)
        return tuple(map(int, found.group(1).split(","))) if found and found.group(1) else ()

    @cached_property
    def backend_config(self) -> dict[str, Any]:
        """What XLA's backend notes; empty where it is no JSON object."""
        at = self.rest.find("backend_config={")
        if at < 0:
            return {}
        try:
            return json.JSONDecoder().raw_decode(self.rest[at + len("backend_config=") :])[0]
        except json.JSONDecodeError:
            return {}

    def _text(self, attribute: str) -> str | None:
        found = re.search(rf'\b{attribute}="([^"]*)"', self.rest)
        return found and found.group(1)


Computation = Mapping[str, Instruction]  # by name, in their order


@dataclass(frozen=True)
class Module:
    """A program: its computations by name, and the name of the one that it begins with."""

    computations: Mapping[str, Computation]
    entry: str


def parse(text: str) -> Module:
    """
    Raises:
      ValueError: it is no program, or has a line that is not known.
    """
    computations: dict[str, dict[str, Instruction]] = {}
    entry, inside = None, None
    for line in text.splitlines():
        if line.startswith("}"):
            inside = None
        elif inside is not None:
            instruction = _parse_instruction(line)
            inside[instruction.name] = instruction
        elif " -> " in line and (begun := _COMPUTATION.match(line)):
            inside = computations.setdefault(begun.group(2), {})
            entry = begun.group(2) if begun.group(1) else entry
    if entry is None:
        raise ValueError("the text is no HLO module: it has no ENTRY computation")
    return Module(computations, entry)


def _parse_instruction(line: str) -> Instruction:
    begun = _INSTRUCTION.match(line)
    if begun is None:
        raise ValueError(f"no HLO instruction: {line.strip()[:80]}")
    root, name, said = begun.groups()
    end = _closing(said, 0) + 1 if said.startswith("(") else said.index(" ")
    opcode = _OPCODE.match(said, end)
    if opcode is None:
        raise ValueError(f"no HLO instruction: {line.strip()[:80]}")
    arrays = tuple(
        Array(dtype, tuple(map(int, dims.split(","))) if dims else ())
        for dtype, dims in _ARRAY.findall(_without_layouts(said[:end]))
    )
    closing = _closing(said, opcode.end() - 1)
    taken, rest = said[opcode.end() : closing], said[closing + 1 :]
    operands = tuple(re.findall(r"%([^\s,()]+)", taken))
    number = int(taken) if opcode.group(1) == "parameter" else -1
    return Instruction(name, opcode.group(1), arrays, operands, number, rest, root is not None)


def _without_layouts(shape: str) -> str:
    """A shape without {1,0:T(8,128)} and /*index=5*/."""
    return re.sub(r"\{[^}]*\}|/\*.*?\*/", "", shape)


def _closing(text: str, opening: int) -> int:
    """Where the parenthesis that opens at `opening` closes."""
    depth = 0
    for at in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at
    raise ValueError(f"no closing parenthesis: {text[:80]}")
