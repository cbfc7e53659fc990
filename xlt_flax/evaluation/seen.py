"""What a run and the runs before it trained or validated on: a document of it that is judged says
less of the model than any other."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ml_collections import ConfigDict

from xlt_flax.data.corpus import Corpus
from xlt_flax.data.known import Known
from xlt_flax.data.selection import select
from xlt_flax.workdir import Workdir


def seen_by(runs: Iterable[Workdir], corpus: Corpus) -> Known:
    """What runs trained or validated on, finished or not: all that their configs draw.

    Args:
      runs: each with its config; a run and its chain of sources, or the sources alone.
      corpus: the data set that holds the documents to be compared.

    Raises:
      UserError: a run's documents cannot be drawn, since its data is not there.
    """
    return Known.all_of(_seen_by_one(run, corpus) for run in runs)


def _seen_by_one(run: Workdir, corpus: Corpus) -> Known:
    config = run.read_config()
    own = _corpus_of(config, corpus)
    chosen = select(own, config.mixture, config.data)
    known = Known.of(chosen.train, chosen.validation, same_dataset=own is corpus)
    if own is not corpus:
        return known
    return replace(known, ids=known.ids | _recorded_ids(run))


def _corpus_of(config: ConfigDict, corpus: Corpus) -> Corpus:
    """A run's own data set, cut and tokenized as `corpus` is: ids, labels and digests, which a draw
    depends on, are the same however a text is cut; and `corpus` knows where its files are now."""
    data = config.data
    if (data.dataset, data.domain) == (corpus.dataset, corpus.domain):
        return corpus
    return replace(
        corpus,
        dataset=data.dataset,
        domain=data.domain,
        manual_dir=Path(data.manual_dir),
        data_dir=Path(data.data_dir),
        _opened={},
        _digests={},
    )


def _recorded_ids(run: Workdir) -> set[str]:
    """Those that the run itself wrote down, which count should the way of drawing have changed."""
    try:
        groups = json.loads(run.audit.read_text("utf-8"))["groups"].values()
        return {name for group in groups for part in group.values() for name in part["ids"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()
