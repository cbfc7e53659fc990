"""The report in a few sentences: what ran, how far it got, what is wrong, and what it shows."""

from collections import Counter
from collections.abc import Sequence

from xlt_flax.analysis import formats
from xlt_flax.analysis.answers import of_effect, what_diversity_is_worth
from xlt_flax.analysis.contrasts import TWO_LANGUAGES
from xlt_flax.analysis.deviation_tables import shown
from xlt_flax.analysis.effects import Effect
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.languages import language_name
from xlt_flax.analysis.results import (
    BROKEN,
    FAILED,
    FINISHED,
    NOT_EVALUATED,
    NOT_STARTED,
    OTHER,
    UNFINISHED,
    Run,
)
from xlt_flax.studies.thesis import experiment


def state(findings: Findings) -> str:
    """How many runs are finished, and how many of their models are broken or say one class."""
    runs = findings.sweep.runs
    finished = sum(run.status == FINISHED for run in runs)
    odd = sum(run.status == FINISHED and bool(run.problems) for run in runs)
    warned = (
        f" Something is odd with {formats.plural(odd, 'finished run')}: see below." if odd else ""
    )
    if finished == len(runs):
        text = f"All {len(runs)} runs are finished." if len(runs) > 1 else "The run is finished."
        return text + warned
    counts = Counter(run.status for run in runs)
    rest = ", ".join(
        f"{counts[status]} {status}"
        for status in (UNFINISHED, FAILED, BROKEN, NOT_EVALUATED, NOT_STARTED)
        if counts[status]
    )
    return f"Half-finished: {finished} of {len(runs)} runs are finished; {rest}.{warned}"


def half_finished(findings: Findings) -> bool:
    return any(run.status != FINISHED for run in findings.sweep.runs)


def unfinished_runs(findings: Findings) -> list[tuple[str, str]]:
    """Labels and status of what is not finished, with the reason where there is one."""
    return [
        (run.label, ": ".join([run.status, *filter(None, ["; ".join(run.problems)])]))
        for run in findings.sweep.runs
        if run.status != FINISHED
    ]


def unfinished_in_short(findings: Findings) -> list[str]:
    """The same, a line for each status and reason."""
    labels: dict[str, list[str]] = {}
    for label, status in unfinished_runs(findings):
        labels.setdefault(status, []).append(label)
    return [f"{formats.listed(those)}: {status}" for status, those in labels.items()]


def problems(findings: Findings) -> list[tuple[str, str]]:
    """Labels of finished runs whose model is odd, and how: their numbers are in the tables."""
    return [
        (run.label, "; ".join(run.problems))
        for run in findings.sweep.runs
        if run.status == FINISHED and run.problems
    ]


def title(findings: Findings) -> str:
    return f"Zero-shot transfer to {language_name(findings.sweep.target_language)}"


def setting(findings: Findings) -> list[tuple[str, str]]:
    """What ran: (name, value) pairs, from the runs' own configs and what they recorded."""
    runs = [run for run in findings.sweep.runs if run.record.config]
    second = [run for run in runs if run.source is not None]
    target = language_name(findings.sweep.target_language)
    draws = sorted({run.draw for run in runs})
    pairs = [
        ("model", _distinct(experiment.model_name(run.record.config) for run in runs)),
        ("weights", _values(runs, "model.init")),
        ("data", _joined(runs, "data.dataset", "data.domain")),
        ("groups of", _joined(runs, "data.train_per_group", "data.validation_per_group", " + ")),
        ("max length", _values(runs, "data.max_length")),
        ("learning rate", _joined(runs, "train.learning_rate", "train.schedule")),
        ("batch", _values(runs, "train.batch_size")),
        ("epochs", _values(runs, "train.epochs")),
        ("precision", _values(runs, "model.dtype")),
        ("protocol", _values(second, "protocol")),
        ("seeds", ", ".join(map(str, sorted({run.seed for run in findings.sweep.runs})))),
        ("draws", ", ".join(map(str, draws)) if len(draws) > 1 else ""),
        (f"{target} test documents", _documents(findings)),
        ("majority class", _majority(findings)),
        ("device", _distinct(_device(run) for run in runs)),
        ("versions", _distinct(_versions(run) for run in runs)),
        ("date", _dates(runs)),
    ]
    return [(name, value) for name, value in pairs if value]


def _distinct(values) -> str:
    return "; ".join(dict.fromkeys(value for value in values if value))


def _values(runs: Sequence[Run], field: str) -> str:
    values = (run.record.config.get(field) for run in runs)
    return ", ".join(dict.fromkeys(shown(value) for value in values if value not in (None, "")))


def _joined(runs: Sequence[Run], first: str, second: str, between: str = ", ") -> str:
    """Two fields that belong together, each pair that occurs."""
    pairs = ([run.record.config.get(field) for field in (first, second)] for run in runs)
    return _distinct(between.join(map(shown, pair)) for pair in pairs if None not in pair)


def _device(run: Run) -> str:
    device = run.record.device
    if not device:
        return ""
    return f"{device.get('count', 1)} × {device.get('kind') or device.get('platform')}"


def _versions(run: Run) -> str:
    known = run.record.versions
    named = [(name, known.get(name)) for name in ("xlt_flax", "jax", "flax", "optax")]
    return ", ".join(f"{name} {version}" for name, version in named if version)


def _dates(runs: Sequence[Run]) -> str:
    days = sorted(run.record.day for run in runs if run.record.day)
    return formats.span(days, str).replace("–", " to ") if days else ""


def _documents(findings: Findings) -> str:
    counts = {cell.documents for cell in findings.every.cells.values() if cell.seeds}
    return ", ".join(f"{count:,}" for count in sorted(c for c in counts if c is not None))


def _majority(findings: Findings) -> str:
    known = [cell.majority for cell in findings.every.cells.values() if cell.majority is not None]
    return formats.span(known, formats.share) if known else ""


def not_the_thesis(findings: Findings) -> list[str]:
    """Why the thesis's numbers are no yardstick for these runs; empty when they are one.

    Of the runs that stand in the thesis's tables, where there are any: the others say themselves
    in what they differ.
    """
    configured = [run for run in findings.sweep.runs if run.record.config]
    runs = [run for run in configured if run.table != OTHER] or configured
    found: dict[str, int] = {}
    for run in runs:
        for each in experiment.deviations(run.record.config):
            text = f"{each.what} is {shown(each.run)}, not {shown(each.thesis)}"
            found[text] = found.get(text, 0) + 1
    reasons = [
        text if number == len(runs) else f"{text} ({number} of {len(runs)} runs)"
        for text, number in found.items()
    ]
    documents = _documents(findings)
    wanted = f"{experiment.TEST_DOCUMENTS:,}"
    if documents and documents != wanted:
        reasons.append(f"the test set has {documents} documents, not {wanted}")
    return reasons


def answers(findings: Findings) -> list[str]:
    """What the runs say, one sentence for each question that they can answer."""
    effects = findings.every.effects
    first = what_diversity_is_worth(effects)
    said = [of_effect(effect) for effect in effects if _asked(effect)]
    return [*([first] if first else []), *said, *_agreement(findings), *_overlap(findings)]


def _asked(effect: Effect) -> bool:
    return effect.difference is not None and not effect.key.startswith(TWO_LANGUAGES)


def _agreement(findings: Findings) -> list[str]:
    agreement = findings.agreement
    if agreement is None:
        return []
    cells = f"{agreement.cells} cells" if agreement.cells > 1 else "one cell"
    text = f"Against the thesis, over {cells}: {formats.points(agreement.mean_difference)} points"
    text += " on average"
    if agreement.rank_correlation is not None:
        text += f"; rank correlation {agreement.rank_correlation:+.2f}".replace("-", "−")
    if agreement.seed_sd is not None:
        inside = agreement.cells - len(agreement.outside)
        text += (
            f"; {inside} of its numbers are where one more seed would fall (95%, seeds spread by "
            f"{100 * agreement.seed_sd:.2f} points)"
        )
    return [text + "."]


def _overlap(findings: Findings) -> list[str]:
    if not any(run.audit for run in findings.sweep.runs):
        return []
    if not findings.affected:
        return ["No test document occurs in any finished run's training or validation documents."]
    return [
        f"{len(findings.affected)} test documents occur in some run's training or validation "
        "documents; the section on overlap leaves them out."
    ]
