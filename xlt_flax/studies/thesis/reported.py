"""The thesis's numbers: 35 accuracies on Japanese, and the groups whose means it reports.

Source: tables 4.1, 4.2, 4.3, 5.1 and 5.2 of the 2023 bachelor's thesis (Ibaraki University) which
this package reproduces; one seed (50), 2,000 Japanese test documents of Webis-CLS-10 `music`.
"""

from dataclasses import dataclass

from xlt_flax.analysis.groups import Group

TEST_DOCUMENTS = 2000
MODEL = "bert-base-multilingual-cased"
DOMAIN = "music"
TARGET_LANGUAGE = "ja"
AFTER_J1 = "+J1"


_ZERO_SHOT = {
    "3:0": {"E1E2E3": 0.7310, "D1D2D3": 0.7450, "F1F2F3": 0.7190},
    "2:1": {
        "E1E2D1": 0.7395,
        "E1E2F1": 0.7190,
        "D1D2E1": 0.7615,
        "D1D2F1": 0.7535,
        "F1F2E1": 0.7070,
        "F1F2D1": 0.7705,
    },
    "1:1:1": {"E1D1F1": 0.7630, "E2D2F2": 0.7610, "E3D3F3": 0.7685},
}

_AFTER_J1 = {
    "3:0": {"E1E2E3": 0.7905, "D1D2D3": 0.7450, "F1F2F3": 0.8175},
    "2:1": {
        "E1E2D1": 0.8035,
        "E1E2F1": 0.8230,
        "D1D2E1": 0.8105,
        "D1D2F1": 0.7985,
        "F1F2E1": 0.7855,
        "F1F2D1": 0.8185,
    },
    "1:1:1": {"E1D1F1": 0.8015, "E2D2F2": 0.8030, "E3D3F3": 0.8095},
}

_SINGLE = {
    "E1": 0.6940,
    "E2": 0.7315,
    "E3": 0.7000,
    "D1": 0.7660,
    "D2": 0.7005,
    "D3": 0.7480,
    "F1": 0.6625,
    "F2": 0.7080,
    "F3": 0.7130,
}

ACCURACY: dict[str, float] = {
    **{name: value for group in _ZERO_SHOT.values() for name, value in group.items()},
    **_SINGLE,
    "E2D1F3": 0.7490,
    **{name + AFTER_J1: value for group in _AFTER_J1.values() for name, value in group.items()},
    "J1": 0.8265,
}

# The mean rows as the thesis prints them: kept apart from the cells, so that a test can check
# that they are the cells' means.
_MEANS = {"3:0": (0.7317, 0.7843), "2:1": (0.7418, 0.8066), "1:1:1": (0.7642, 0.8047)}
_TABLE_OF_LABEL = {"3:0": "4.1", "2:1": "4.2", "1:1:1": "4.3"}
_LANGUAGES = {"3:0": 1, "2:1": 2, "1:1:1": 3}


def _diversity_groups() -> tuple[tuple[Group, ...], tuple[Group, ...]]:
    zero_shot, after = [], []
    for label, cells in _ZERO_SHOT.items():
        before_mean, after_mean = _MEANS[label]
        names = tuple(cells)
        zero_shot.append(
            Group(label, _TABLE_OF_LABEL[label], label, names, before_mean, _LANGUAGES[label])
        )
        names = tuple(name + AFTER_J1 for name in names)
        after.append(Group(label + AFTER_J1, "5.2", label, names, after_mean, _LANGUAGES[label]))
    return tuple(zero_shot), tuple(after)


ZERO_SHOT_GROUPS, AFTER_J1_GROUPS = _diversity_groups()
SINGLE_GROUPS = Group("single", "5.1", "single groups", tuple(_SINGLE), 0.7137)
BEST_SINGLES = Group("E2D1F3", "E2D1F3", "best three singles together", ("E2D1F3",))
J1_ALONE = Group("J1", "J1", "J1 alone, no source stage", ("J1",))
ZERO_SHOT = tuple(name for group in ZERO_SHOT_GROUPS for name in group.runs)
AFTER_J1_RUNS = tuple(name for group in AFTER_J1_GROUPS for name in group.runs)
GROUPS = (*ZERO_SHOT_GROUPS, SINGLE_GROUPS, BEST_SINGLES, *AFTER_J1_GROUPS, J1_ALONE)


@dataclass(frozen=True)
class Table:
    """One table of the report: its key, its title and its groups (each with a mean row)."""

    key: str
    title: str
    groups: tuple[Group, ...]


TABLES = (
    Table("4.1", "Table 4.1 — 3:0, one language", ZERO_SHOT_GROUPS[0:1]),
    Table("4.2", "Table 4.2 — 2:1, two languages", ZERO_SHOT_GROUPS[1:2]),
    Table("4.3", "Table 4.3 — 1:1:1, three languages", ZERO_SHOT_GROUPS[2:3]),
    Table("5.1", "Table 5.1 — single groups of {size}", (SINGLE_GROUPS,)),
    Table("E2D1F3", "E2D1F3 — the best three single groups together", (BEST_SINGLES,)),
    Table("5.2", "Table 5.2 — after fine-tuning on J1", AFTER_J1_GROUPS),
    Table("J1", "J1 alone — from the pretrained model", (J1_ALONE,)),
)

TABLE_OF: dict[str, str] = {name: group.table for group in GROUPS for name in group.runs}
