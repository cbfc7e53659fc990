"""The audit of a run, with what the runs before it had."""

import json
import logging

from ml_collections import ConfigDict

from xlt_flax.data.audit import audit
from xlt_flax.data.corpus import Corpus
from xlt_flax.data.documents import Documents
from xlt_flax.data.known import Known
from xlt_flax.data.selection import Selection
from xlt_flax.data.sources import left_out_of
from xlt_flax.errors import UserError
from xlt_flax.evaluation.seen import seen_by
from xlt_flax.training.stages import chain
from xlt_flax.workdir import Workdir

log = logging.getLogger("xlt_flax")


def audit_of(
    config: ConfigDict, corpus: Corpus, workdir: Workdir, chosen: Selection, test: Documents
) -> dict:
    """What audit.json is to hold.

    Args:
      config: of the run.
      corpus: where its documents come from.
      workdir: of the run.
      chosen: what it trains and validates on.
      test: what it is to be evaluated on.

    Raises:
      UserError: the data of an earlier run is not there; or a run that goes on would go on with
        other documents than it began with.
    """
    data, begun = config.data, _begun_with(workdir)
    earlier = of_earlier_runs(config, corpus, workdir)
    report = audit(
        chosen, test, data.target_language, data.max_length, earlier, data.language_temperature
    )
    report |= _left_out(corpus, chosen, data.target_language)
    if begun is None:
        return report
    if begun["groups"] != report["groups"]:
        raise UserError(
            f"{workdir.path} began with other documents than its config draws now: {workdir.audit} "
            "names them; give it the data and the xlt_flax that it began with, or another --workdir"
        )
    if earlier is None:  # what was found of them when the run began
        found = {name: n for name, n in begun["duplicates"].items() if name.startswith("source_")}
        report["duplicates"] |= found
    return report


def of_earlier_runs(config: ConfigDict, corpus: Corpus, workdir: Workdir) -> Known | None:
    """What they trained or validated on; None if there are none, or they are gone, which a run that
    goes on may let them be."""
    if not config.init_from:
        return None
    if workdir.is_run():
        try:
            return seen_by(chain(workdir, config), corpus)
        except UserError as error:
            log.warning("repeats of earlier runs' documents are not counted anew: %s", error)
            return None
    source = Workdir(config.init_from)
    return seen_by([source, *chain(source)], corpus)


def _left_out(corpus: Corpus, chosen: Selection, target_language: str) -> dict:
    """{"left_out": {language/split: {why: how many}}}, of data sets that leave documents out."""
    splits = [(part.language, "train") for part in chosen.parts]
    if "test" in corpus.source.splits(target_language):
        splits.append((target_language, "test"))
    found = {f"{at[0]}/{at[1]}": left_out_of(corpus.source, *at) for at in splits}
    found = {name: counts for name, counts in found.items() if counts}
    return {"left_out": found} if found else {}


def _begun_with(workdir: Workdir) -> dict | None:
    """The audit that the run began with; None if it is new, or has lost it."""
    try:
        report = json.loads(workdir.audit.read_text("utf-8"))
        report["groups"].items(), report["duplicates"].items()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return report
