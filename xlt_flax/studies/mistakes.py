"""The most certain mistakes of a study's best runs, with their texts."""

from dataclasses import replace

from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.mistakes import Mistakes, most_certain
from xlt_flax.data.sources import find_source
from xlt_flax.errors import UserError
from xlt_flax.studies.texts import TextCorpus, data_of


def with_texts(findings: Findings) -> Findings:
    """The findings with the mistakes of the best runs on each target.

    Raises:
      UserError: the texts are not at hand, or are not those that runs were judged on.
    """
    try:
        corpus = TextCorpus(find_source(data_of(findings.results.runs)))
        found = [_mistakes(on_target, corpus) for on_target in findings.targets.values()]
    except (UserError, OSError) as error:
        raise UserError(f"--texts: the data set is not at hand: {error}") from None
    return replace(findings, mistakes=tuple(each for each in found if each))


def _mistakes(findings: Findings, corpus: TextCorpus) -> Mistakes | None:
    """On one target; None without a finished run."""
    best = findings.study.best(findings)
    if best is None:
        return None
    language = findings.results.target_language
    found = most_certain(findings.results.of(best.name))
    texts = corpus.by_id(corpus.test_documents(language))
    if strange := [each.document for each in found if each.document not in texts]:
        raise UserError(
            f"the {language} test documents of {corpus.source.name} have no {strange[0]}, on which "
            f"{best.name} was judged"
        )
    said = tuple(replace(each, text=texts[each.document]) for each in found)
    return Mistakes(best.name, language, len(best.seeds), said)
