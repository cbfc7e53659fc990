"""What a study's finished runs have come to, on each language that they are judged on."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from xlt_flax.workdir import Workdir


@dataclass(frozen=True)
class JudgedRun:
    """A run's evaluations of its best checkpoint.

    Attributes:
      workdir: of the run.
      targets: languages that it is to be judged on.
    """

    workdir: Workdir
    targets: Sequence[str]

    def is_trained(self) -> bool:
        return self.workdir.done.exists()

    def missing(self) -> list[str]:
        """The targets that its best checkpoint is not judged on."""
        return [target for target in self.targets if self._result(target) is None]

    def is_finished(self) -> bool:
        """Whether it is trained, and judged on every target."""
        return self.is_trained() and not self.missing()

    def line(self) -> str:
        """What a person is told of it, once it is finished."""
        results = {target: self._result(target) or {} for target in self.targets}
        told = ", ".join(_accuracy(target, result) for target, result in results.items())
        first, *_ = results.values()
        return f"{told}, best at step {first['checkpoint_step']}{_notes(results)}"

    def _result(self, target: str) -> dict | None:
        """The evaluation of the best checkpoint on a language; None if there is none."""
        try:
            result = json.loads(self.workdir.scores(target).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return result if result.get("checkpoint") == "best" else None


def _accuracy(target: str, result: dict) -> str:
    if result["accuracy"] is None:  # of documents without labels
        return f"{target} predicted"
    majority = result.get("majority")  # evaluations of before have none
    beside = "" if majority is None else f" (majority class {majority:.4f})"
    return f"{target} accuracy {result['accuracy']:.4f}{beside}"


def _notes(results: dict[str, dict]) -> str:
    """What must be said of the results; which target it is said of, where there are several."""
    said: dict[str, list[str]] = {}
    for target, result in results.items():
        told = [*([result["note"]] if result.get("note") else []), *result.get("problems", [])]
        for text in told:
            said.setdefault(text, []).append(target)
    of_all = len(results)
    texts = [
        text if len(those) == of_all else f"{', '.join(those)}: {text}"
        for text, those in said.items()
    ]
    return f" ({'; '.join(texts)})" if texts else ""
