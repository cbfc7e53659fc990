"""The mixtures of the study of diversity: what each language contributes, taken apart.

The thesis has six of the 2:1 mixtures, which weigh a language's groups .22, .11 and 0: a contrast
with them is also one of groups. Here 2:1 is completed by going round the groups, so that in every
shape, and in every pair of languages within 2:1, each group of a language has the same weight.
What a draw's groups have in common then cancels in the contrasts, such as 1:1:1 - 3:0.
"""

from dataclasses import dataclass
from itertools import permutations

SHAPES = ("3:0", "2:1", "1:1:1")
LETTERS = "EDF"  # of the source languages
GROUPS = 3  # of a language


@dataclass(frozen=True)
class Mixture:
    """One mixture of the study.

    Attributes:
      name: as `config.mixture` has it, "E2E3D2".
      shape: one of SHAPES.
      major: letter of the language with two groups (2:1) or all three (3:0); None in 1:1:1.
      minor: letter of the language with one group (2:1); None elsewhere.
      index: 1 to 3. 2:1 and 1:1:1: each group of a language comes once a role as it goes round;
        3:0, which takes all groups at once: 1.
    """

    name: str
    shape: str
    major: str | None
    minor: str | None
    index: int


def diversity_mixtures() -> tuple[Mixture, ...]:
    """The 24 mixtures of a draw: 3 of 3:0, 18 of 2:1, 3 of 1:1:1, shape after shape.

    2:1 has l_i l_{i+1} m_i for each two languages l, m (in either role) and each i, counted round:
    E1E2D1, E2E3D2, E3E1D3. Those with i = 1 are the thesis's six, by the same names.
    """
    numbers = range(1, GROUPS + 1)
    alone = [
        Mixture("".join(f"{major}{i}" for i in numbers), "3:0", major, None, 1) for major in LETTERS
    ]
    two = [
        Mixture(f"{major}{i}{major}{i % GROUPS + 1}{minor}{i}", "2:1", major, minor, i)
        for major, minor in permutations(LETTERS, 2)
        for i in numbers
    ]
    three = [
        Mixture("".join(f"{letter}{i}" for letter in LETTERS), "1:1:1", None, None, i)
        for i in numbers
    ]
    return (*alone, *two, *three)
