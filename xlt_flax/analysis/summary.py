"""The report in a few sentences: what ran, how far it got, and what it shows."""

from collections import Counter

from xlt_flax.analysis import tables, thesis
from xlt_flax.analysis.effects import Effect
from xlt_flax.analysis.findings import Findings
from xlt_flax.analysis.results import FINISHED, NOT_EVALUATED, NOT_STARTED, UNFINISHED


def state(findings: Findings) -> str:
    """How many runs are finished."""
    runs = findings.sweep.runs
    finished = sum(run.status == FINISHED for run in runs)
    if finished == len(runs):
        return f"All {len(runs)} runs are finished." if len(runs) > 1 else "The run is finished."
    counts = Counter(run.status for run in runs)
    rest = ", ".join(
        f"{counts[status]} {status}"
        for status in (UNFINISHED, NOT_EVALUATED, NOT_STARTED)
        if counts[status]
    )
    return f"Half-finished: {finished} of {len(runs)} runs are finished; {rest}."


def half_finished(findings: Findings) -> bool:
    return any(run.status != FINISHED for run in findings.sweep.runs)


def unfinished_runs(findings: Findings) -> list[tuple[str, str]]:
    """Names with seed, and status, of what is not finished."""
    return [(run.label, run.status) for run in findings.sweep.runs if run.status != FINISHED]


def setting(findings: Findings) -> list[tuple[str, str]]:
    """What ran: (name, value) pairs, from the runs' own configs."""
    configs = [run.config for run in findings.sweep.runs if run.config]
    seeds = sorted({run.seed for run in findings.sweep.runs})
    pairs = [
        ("model", _values(configs, "model", "name")),
        ("weights", _values(configs, "model", "init")),
        ("domain", _values(configs, "data", "domain")),
        ("protocol", _values(configs, "protocol")),
        ("seeds", ", ".join(map(str, seeds))),
        ("Japanese test documents", _documents(findings)),
    ]
    return [(name, value) for name, value in pairs if value]


def _values(configs: list[dict], *path: str) -> str:
    found = []
    for config in configs:
        value = config
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if value not in (None, ""):
            found.append(str(value))
    return ", ".join(dict.fromkeys(found))


def _documents(findings: Findings) -> str:
    counts = {cell.documents for cell in findings.every.cells.values() if cell.seeds}
    return ", ".join(f"{count:,}" for count in sorted(c for c in counts if c is not None))


def not_the_thesis(findings: Findings) -> list[str]:
    """Why the thesis's numbers are no yardstick for these runs; empty when they are one."""
    said = dict(setting(findings))
    reasons = []
    model = said.get("model", "")
    if model and model.rstrip("/").rsplit("/", 1)[-1] != thesis.MODEL:
        reasons.append(f"the model is {model}, not {thesis.MODEL}")
    if said.get("weights", "pretrained") != "pretrained":
        reasons.append("the weights are random, not pretrained")
    if said.get("domain", thesis.DOMAIN) != thesis.DOMAIN:
        reasons.append(f"the domain is {said['domain']}, not {thesis.DOMAIN}")
    documents = said.get("Japanese test documents", "")
    if documents and documents != f"{thesis.TEST_DOCUMENTS:,}":
        reasons.append(f"the test set has {documents} documents, not {thesis.TEST_DOCUMENTS:,}")
    return reasons


def answers(findings: Findings) -> list[str]:
    """What the runs say, one sentence for each question that they can answer."""
    said = [_effect_answer(effect) for effect in findings.every.effects if _asked(effect)]
    return [*said, *_agreement(findings), *_overlap(findings)]


def _asked(effect: Effect) -> bool:
    return effect.difference is not None and not effect.label.startswith(("2:1", "trend"))


def _effect_answer(effect: Effect) -> str:
    low, high = effect.interval or (None, None)
    stage = "" if effect.stage == "J1" else f", {effect.stage}"
    text = f"{effect.label}{stage}: {tables.points(effect.difference)} points"
    if effect.interval is not None:
        sure = "above zero" if low > 0 else "below zero" if high < 0 else "zero is within it"
        text += f" (95% interval {tables.points_interval(effect.interval)}; {sure})"
    if effect.test is not None:
        text += f"; permutation p = {tables.p_value(effect.test.p)}"
        if effect.test.p <= effect.test.smallest and effect.test.smallest > tables.SIGNIFICANT:
            text += f", the smallest that {effect.test.arrangements} arrangements can give"
    if effect.lacking:
        text += "; some seeds are missing"
    return f"{text.replace('= <', '<')}. The thesis: {tables.points(effect.thesis)}."


def _agreement(findings: Findings) -> list[str]:
    agreement = findings.agreement
    if agreement is None or not_the_thesis(findings):
        return []
    cells = f"{agreement.cells} cells" if agreement.cells > 1 else "one cell"
    text = f"Against the thesis, over {cells}: {tables.points(agreement.mean_difference)} points"
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
