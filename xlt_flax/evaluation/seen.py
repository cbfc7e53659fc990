"""What a run and the runs before it trained or validated on: a document of it that is judged says
less of the model than any other."""

import json
from collections.abc import Iterable, Iterator

from ml_collections import ConfigDict

from xlt_flax.data.corpus import Corpus, corpus_of
from xlt_flax.data.known import Known
from xlt_flax.data.selection import Selection, select
from xlt_flax.data.sources import Source
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
    own = _corpus_of(run, config, corpus)
    chosen = select(own, config.mixture, config.data)
    drawn = Known.of(chosen.train, chosen.validation)
    return Known.all_of([drawn, *_recorded(run, chosen, own.source)])


def _corpus_of(run: Workdir, config: ConfigDict, corpus: Corpus) -> Corpus:
    if config.data.dataset == corpus.source.name and _has_all_documents(corpus, run):
        return corpus.reading(config.data.long)
    return corpus_of(config.data, corpus)


def _has_all_documents(corpus: Corpus, run: Workdir) -> bool:
    """Whether a data set has all documents that a run recorded, the same by their digests; where
    the run found them may be gone."""
    recorded = run.data_digests().get("documents", {})
    return bool(recorded) and all(
        corpus.known_digest(*name.split("/")) == digest for name, digest in recorded.items()
    )


def _recorded(run: Workdir, chosen: Selection, source: Source) -> Iterator[Known]:
    """Those that the run itself wrote down and that are not drawn now, should the way of drawing
    have changed."""
    try:
        groups = json.loads(run.audit.read_text("utf-8"))["groups"]
        recorded = [
            (part.language, [one for split in groups[part.name].values() for one in split["ids"]])
            for part in chosen.parts
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    drawn = {*chosen.train.ids, *chosen.validation.ids}
    for language, ids in recorded:
        changed = [one for one in ids if one not in drawn]
        yield Known.named(changed, source.name, language, source.splits(language))
