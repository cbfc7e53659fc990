"""How fast a run goes."""

from collections.abc import Callable

_LEAST_SECONDS = 1.0  # that a mean is over


class Speed:
    """Means over a second or more of steps; but for the first one, which pays for the start.

    Args:
      clock: seconds, from any zero, but for those in which no steps were to be made.
    """

    def __init__(self, clock: Callable[[], float]):
        self._clock = clock
        self._has_begun = False
        self._restart()

    def _restart(self) -> None:
        self._begun = self._clock()
        self._steps = self._documents = self._tokens = 0
        self._waited = 0.0

    def waited(self, seconds: float) -> None:
        """For so long, devices had nothing to do."""
        self._waited += seconds

    def after(self, documents: int, tokens: int) -> dict[str, float] | None:
        """Counts a step of so many documents, with so many tokens that are not padding.

        Returns:
          What is known since the last answer, where that is long enough ago: documents and tokens a
          second, seconds a step, and the share of the time in which devices waited for a batch.
        """
        if not self._has_begun:
            self._has_begun = True
            self._restart()
            return None
        self._steps += 1
        self._documents += documents
        self._tokens += tokens
        seconds = self._clock() - self._begun
        if seconds < _LEAST_SECONDS:
            return None
        answer = {
            "documents_per_second": self._documents / seconds,
            "tokens_per_second": self._tokens / seconds,
            "seconds_per_step": seconds / self._steps,
            "input_wait_share": min(self._waited / seconds, 1.0),
        }
        self._restart()
        return answer
