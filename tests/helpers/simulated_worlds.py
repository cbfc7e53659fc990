"""Worlds in which the truth is known: runs that judge documents, right or wrong.

A run is right on a document where

    level + sum over its groups of (language + draw of the group) / 3 + diversity + seed
          + document + sum over its languages of share x (document's taste for the language) + noise

is above 0. All but the language effects and the level are drawn from normal distributions, so that
the true accuracy of a mixture, over all draws, seeds and documents, is a normal's distribution
function: nothing is simulated to know the truth.
"""

import re
from dataclasses import dataclass, field

import numpy as np
from scipy import special, stats

from xlt_flax.analysis import statistics
from xlt_flax.analysis.contrasts import Contrast
from xlt_flax.studies.diversity import mixtures
from xlt_flax.studies.diversity.contrasts import diversity_contrasts
from xlt_flax.studies.thesis import reported

LETTERS = mixtures.LETTERS
POINT = 0.01 / stats.norm.pdf(stats.norm.ppf(0.74))  # of accuracy, near .74, in the sum's unit

THESIS = tuple(name for group in reported.ZERO_SHOT_GROUPS for name in group.runs)
DIVERSITY = tuple(mixture.name for mixture in mixtures.diversity_mixtures())


@dataclass(frozen=True)
class World:
    """What varies, in points of accuracy near .74 where it says so.

    Attributes:
      mixtures: names of the runs of a block.
      diversity: gain of 1:1:1 over 3:0; 2:1 gains half, points.
      languages: letter -> points that a mixture of it alone has over the mean.
      presence: letter -> points that its presence alone gives.
      draw_sd: of a group's draw, points (a mixture has three groups).
      seed_sd: of a run, points.
      documents, taste: shares of a document's variance that all runs have in common, and that a
        document's taste for the languages takes; the rest is each run's own.
    """

    mixtures: tuple[str, ...] = DIVERSITY
    diversity: float = 0.0
    languages: dict[str, float] = field(default_factory=lambda: {"E": -1.0, "D": 2.0, "F": -1.0})
    presence: dict[str, float] = field(default_factory=dict)
    draw_sd: float = 1.0
    seed_sd: float = 1.0
    documents: float = 0.5
    taste: float = 0.2

    def contrast(self, key: str) -> Contrast:
        known = {each.key: each for each in diversity_contrasts(self.mixtures)}
        return known[key]

    def judge(self, blocks: int, seeds: int, documents: int, rng, draws=None, judged_by=None):
        """One world's runs: bool (blocks, seeds, mixtures, documents).

        Args:
          draws: float (9,), the groups' draws where all blocks share them; None: each has its own.
          judged_by: what `judges` gave; None: these documents are new.
        """
        judged_by = self.judges(documents, rng) if judged_by is None else judged_by
        own = self._draws(blocks, rng) if draws is None else np.tile(draws, (blocks, 1))
        means = self._means() + POINT * own @ self._groups().T
        sums = means[:, None] + POINT * self.seed_sd * _normal(rng, blocks, seeds, len(means[0]))
        noise = _normal(rng, *sums.shape, documents)
        noise *= np.float32(np.sqrt(1 - self.documents - self.taste))
        noise += judged_by
        return noise + sums[..., None].astype(np.float32) > 0

    def judges(self, documents: int, rng) -> np.ndarray:
        """Documents: what each adds to the runs of each mixture, float32 (mixtures, documents)."""
        tastes = np.sqrt(self.taste) * _normal(rng, len(LETTERS), documents)
        common = np.sqrt(self.documents) * _normal(rng, documents)
        return (common + self._shares() @ tastes).astype(np.float32)

    def accuracies(self, draws=None, judged_by=None) -> dict[str, float]:
        """Mixtures' true ones: over all draws or of these, over all documents or on these."""
        means, shares = self._means()[:, None], self._shares()
        if draws is not None:
            means = means + POINT * (self._groups() @ draws)[:, None]
        spread = np.full(len(shares), (POINT * self.seed_sd) ** 2 + 1)
        if draws is None:
            spread += (POINT * self.draw_sd) ** 2 * (self._groups() ** 2).sum(axis=1)
        if judged_by is None:
            spread -= self.taste * (1 - (shares**2).sum(axis=1))
        else:
            spread -= self.documents + self.taste
            means = means + judged_by
        found = special.ndtr(means / np.sqrt(spread)[:, None]).mean(axis=1)
        return dict(zip(self.mixtures, found, strict=True))

    def truth(self, key: str, draws=None) -> float:
        """A contrast's true value over all documents."""
        return self.contrast(key).of(self.accuracies(draws))

    def draws(self, rng) -> np.ndarray:
        return self._draws(1, rng)[0]

    def _draws(self, blocks: int, rng) -> np.ndarray:
        return self.draw_sd * rng.normal(size=(blocks, 3 * len(LETTERS)))

    def _means(self) -> np.ndarray:
        shares = self._shares()
        gain = self.diversity * ((shares > 0).sum(axis=1) - 1) / 2
        own = np.array([self.languages.get(letter, 0.0) for letter in LETTERS])
        presence = np.array([self.presence.get(letter, 0.0) for letter in LETTERS])
        points = gain + shares @ own + (shares > 0) @ presence
        return stats.norm.ppf(0.74) + POINT * points

    def _groups(self) -> np.ndarray:
        """Each mixture's weights of the nine groups E1 to F3: (mixtures, 9)."""
        order = [f"{letter}{number}" for letter in LETTERS for number in (1, 2, 3)]
        parts = [re.findall("..", name) for name in self.mixtures]
        return np.array([[(group in part) / len(part) for group in order] for part in parts])

    def _shares(self) -> np.ndarray:
        """Each mixture's shares of the languages: (mixtures, 3)."""
        return self._groups().reshape(len(self.mixtures), len(LETTERS), 3).sum(axis=2)


@dataclass(frozen=True)
class Study:
    """One way to run a study, over many worlds: what its intervals and tests are worth.

    Attributes:
      world: what is true.
      seeds: of each draw; of the one draw where `one_draw`, every block is a seed.
      one_draw: seeds are the blocks, and the truth is that of this draw's groups.
    """

    world: World
    seeds: int = 1
    one_draw: bool = False

    def repeat(self, worlds: int, keys, blocks=(3, 5, 10), documents: int = 2000, seed: int = 0):
        """Runs the study in many worlds; fewer blocks are the first ones of the most.

        Returns:
          (key, blocks) -> a dict of float (worlds,): `covered`, `width` in points, `seen` (the
          interval leaves out 0), and `flipped` (the sign flip denies the truth on these documents).
        """
        rng = np.random.default_rng(seed)
        contrasts_of = {key: self.world.contrast(key) for key in keys}
        rows = {(key, count): [] for key in keys for count in blocks}
        for _ in range(worlds):
            draws = self.world.draws(rng) if self.one_draw else None
            judged_by = self.world.judges(documents, rng)
            right = self.world.judge(max(blocks), self.seeds, documents, rng, draws, judged_by)
            everywhere = self.world.accuracies(draws)
            on_these = self.world.accuracies(draws, judged_by)
            shares = right.mean(axis=1, dtype=np.float32)
            for key, contrast in contrasts_of.items():
                values = values_of(contrast, self.world.mixtures, shares)
                true, here = contrast.of(everywhere), contrast.of(on_these)
                for count in blocks:
                    rows[key, count].append(_worth(values[:count], true, here))
        names = ("covered", "width", "seen", "flipped")
        return {
            which: dict(zip(names, np.array(found, float).T, strict=True))
            for which, found in rows.items()
        }


def _worth(values: np.ndarray, true: float, here: float) -> tuple[float, ...]:
    low, high = statistics.crossed(values).interval
    flip = statistics.sign_flip(values.mean(axis=1) - here)
    seen = not low <= 0 <= high
    return low <= true <= high, 100 * (high - low), seen, flip.p <= statistics.LEVEL


def values_of(contrast: Contrast, mixtures, shares: np.ndarray) -> np.ndarray:
    """A contrast in each block on each document.

    Args:
      shares: right answers over the seeds of a block: float (blocks, mixtures, documents).

    Returns:
      float (blocks, documents).
    """
    weights = np.array([contrast.weights.get(name, 0.0) for name in mixtures])
    return weights @ shares


def _normal(rng, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape, dtype=np.float32)
