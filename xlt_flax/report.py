"""Writes the report of a sweep: tables, statistics, figures and a page.

    python -m xlt_flax.report --workdir=DIR [--compare=A,B] [--texts] [--config.model.name=PLACE]
    python -m xlt_flax.report --plan --sd=2 --effect=1

DIR is a sweep's folder, a folder of runs, or one run. DIR/report/ gets tables.md, results.csv,
results.json, index.html, and figure_4_1, figure_tables and learning_curves as PNG and SVG. What
is not finished is marked. The summary is printed, with the comparisons that --compare asks for: A
and B are mixtures (E1D1F1, E1D1F1+J1) or one run of each (E1D1F1-seed50). --texts shows the most
certain mistakes with their texts, and needs the data. PLACE is where a model or data lies that was
moved since.

--plan says how many draws and seeds a study of 1:1:1 against 3:0 needs; with --workdir it takes a
pilot's components of variance.
"""

from collections.abc import Sequence

from absl import flags

from xlt_flax import api, cli, overrides
from xlt_flax.errors import UserError
from xlt_flax.stored_config import PLACES

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of a sweep, of runs, or of one run.")
_COMPARE = flags.DEFINE_multi_string(
    "compare", [], "Two mixtures to compare, such as --compare=E1D1F1,E1E2E3; may be repeated."
)
_GIVEN = overrides.define_field_flags(PLACES)
_TEXTS = flags.DEFINE_bool(
    "texts", False, "Show the most certain mistakes with their texts, which may be private."
)
_PLAN = flags.DEFINE_bool("plan", False, "Say how many draws and seeds a study needs.")
_SD = flags.DEFINE_float(
    "sd", None, "With --plan: standard deviation of a run over draws and seeds, in points."
)
_EFFECT = flags.DEFINE_float("effect", None, "With --plan: points that are to be seen (1).")
_DOCUMENTS = flags.DEFINE_integer("documents", None, "With --plan: test documents (2,000).")


def main(_: Sequence[str]) -> None:
    pairs = asked_pairs(_COMPARE.value)
    numbers = [flag.name for flag in (_SD, _EFFECT, _DOCUMENTS) if flag.value is not None]
    places = overrides.given(_GIVEN)
    if _PLAN.value:
        for flag in (
            flag for flag, given in (("compare", pairs), ("texts", _TEXTS.value)) if given
        ):
            raise UserError(f"--{flag} goes with a report, not with --plan: leave one out")
        effect = 1.0 if _EFFECT.value is None else _EFFECT.value
        print(api.study_size(effect, _SD.value, _DOCUMENTS.value, _WORKDIR.value, places))
        return
    if numbers:
        raise UserError(f"--{numbers[0]} is for --plan: add --plan, or leave it out")
    if _WORKDIR.value is None:
        raise UserError("--workdir: give the folder of a sweep or of a run")
    written = api.report(_WORKDIR.value, pairs, places, _TEXTS.value)
    print(f"{written.summary}\n\nTables: {written.tables}\nPage: {written.page}")


def asked_pairs(values: list[str]) -> list[tuple[str, str]]:
    """Pairs of names from --compare's values.

    Raises:
      UserError: a value that is not two names.
    """
    pairs = []
    for value in values:
        names = [name for name in value.split(",") if name]
        if len(names) != 2:
            raise UserError(f"--compare={value}: wants two runs, such as --compare=E1D1F1,E1E2E3")
        pairs.append((names[0], names[1]))
    return pairs


if __name__ == "__main__":
    cli.run(main)
