"""Webis-CLS-10 as a data set of xlt_flax: reviews prepared once by TFDS, and read from there.

TensorFlow is imported when reviews are read, or a dataset is prepared, and not before.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from xlt_flax.data.examples import Example, LabelSet
from xlt_flax.data.sources._prepared import PreparedDataset
from xlt_flax.data.sources.webis_cls10.languages import LABELS, LANGUAGE_OF_LETTER, LANGUAGES
from xlt_flax.data.sources.webis_cls10.raw_files import RawFiles
from xlt_flax.errors import UserError
from xlt_flax.places import local_path

_VERSION = "1.0.0"


@dataclass(frozen=True)
class WebisSource:
    """One domain of a TFDS dataset of reviews (data/sources says what a source is).

    Attributes:
      name: of the TFDS dataset.
      domain: of its reviews.
      manual_dir: where the raw files are; read when they are needed only.
      data_dir: where the prepared dataset is kept.
    """

    name: str
    domain: str
    manual_dir: Path = field(compare=False)
    data_dir: Path = field(compare=False)

    @property
    def languages(self) -> tuple[str, ...]:
        return LANGUAGES

    @property
    def labels(self) -> LabelSet:
        return LabelSet(LABELS)

    @property
    def letters(self) -> Mapping[str, str]:
        return LANGUAGE_OF_LETTER

    def splits(self, language: str) -> tuple[str, ...]:
        """Every language has "train" and "test", here or not; "unlabeled" where its file is."""
        prepared = self._prepared(language).digests()
        if prepared is not None:
            return tuple(prepared)
        try:
            unlabeled = RawFiles(self.manual_dir).exists(language, self.domain, "unlabeled")
        except UserError:  # which reading any of them will say
            unlabeled = False
        return ("train", "test", "unlabeled") if unlabeled else ("train", "test")

    def digest(self, language: str, split: str) -> str:
        """The sha256 of the raw file: as it is, or as it was when the dataset was prepared."""
        prepared, raw = self._prepared(language), self._raw_digest(language, split)
        digests = prepared.digests()
        if digests is None and raw is not None:
            return raw
        if digests is None:
            digests = prepared.prepare_once()
        if raw and raw != digests.get(split):
            raise UserError(
                f"{prepared.folder} was prepared from another {split}.review than is now "
                f"in {self.manual_dir}: delete the former, or give the latter's old files"
            )
        if split not in digests:
            raise UserError(f"{self.name}/{language}_{self.domain} has no split {split!r}")
        return digests[split]

    def known_digest(self, language: str, split: str) -> str | None:
        """The same of what is prepared already, or lies unpacked in `manual_dir`; else None."""
        prepared = (self._prepared(language).digests() or {}).get(split)
        return prepared or self._raw_digest(language, split)

    def examples(self, language: str, split: str) -> Iterator[Example]:
        """Reviews in the order of their file."""
        made_of = {split: self.digest(language, split)}

        def example(review: dict[str, Any]) -> Example:
            label = int(review["label"])
            return Example(
                id=review["id"].decode(),
                texts=(review["text"].decode(),),
                labels=() if label < 0 else (label,),
                language=language,
            )

        return self._prepared(language).read(split, made_of, example)

    def _prepared(self, language: str) -> PreparedDataset:
        return PreparedDataset(
            f"{self.name}/{language}_{self.domain}",
            _VERSION,
            "xlt_flax.data.sources.webis_cls10.builder",
            self.data_dir,
            self.manual_dir,
            # says what to get and where to put it, if there is none
            lambda: RawFiles(self.manual_dir).place,
        )

    def _raw_digest(self, language: str, split: str) -> str | None:
        """The raw file's digest now; None if it is gone, not for this user to read, or in an
        archive (slow to read)."""
        try:
            raw = RawFiles(self.manual_dir)
            if raw.unpacked and raw.exists(language, self.domain, split):
                return raw.sha256(language, self.domain, split)
        except (UserError, PermissionError):
            pass
        return None


def of_domain(
    name: str, data: ConfigDict, domains: Sequence[str], manual_dir: str | Path
) -> WebisSource:
    """The source of the domain that a config names.

    Args:
      name: of the TFDS dataset.
      data: the config's `data`.
      domains: that the dataset has.
      manual_dir: where its raw files are.

    Raises:
      UserError: it has no such domain, or a folder is a URL or of a home that there is not.
    """
    if data.domain not in domains:
        raise UserError(f"config.data.domain is {data.domain!r}: give one of {', '.join(domains)}")
    return WebisSource(
        name,
        data.domain,
        local_path(manual_dir, "config.data.manual_dir"),
        local_path(data.data_dir, "config.data.data_dir"),
    )
