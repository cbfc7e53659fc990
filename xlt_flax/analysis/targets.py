"""The same runs as they were judged on another of a study's target languages."""

from dataclasses import replace

from xlt_flax.analysis import run_files
from xlt_flax.analysis.results import BROKEN, FINISHED, NOT_EVALUATED, Audit, Results, Run


def judged_on(results: Results, language: str) -> Results:
    """Every run with `language` as its target, and with the status that it has there."""
    return replace(results, runs=tuple(_judged_on(run, language) for run in results.runs))


def _judged_on(run: Run, language: str) -> Run:
    if run.target_language == language:
        return run
    status = run.status
    evaluations = dict(run.evaluations)
    if status in (FINISHED, BROKEN, NOT_EVALUATED):
        status = FINISHED if language in evaluations else NOT_EVALUATED
    if status == FINISHED and (faults := run_files.faults(run.record, evaluations[language])):
        status = BROKEN
        evaluations[language] = replace(evaluations[language], problems=faults)
    return replace(
        run,
        target_language=language,
        status=status,
        evaluations=evaluations,
        audit=run.audit and _of_training(run.audit),
    )


def _of_training(audit: Audit) -> Audit:
    """What an audit says of a run's own documents: its test documents are another language's."""
    return replace(audit, test_ids=frozenset(), within_test=None)
