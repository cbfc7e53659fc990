"""Writes the arrays of a token store as a stream: examples in, chunks tokenized and appended."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from operator import length_hint
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy
from tqdm import tqdm

from xlt_flax.data.examples import Example
from xlt_flax.data.sameness import identity, text_digest
from xlt_flax.data.tokenization import Tokenized, Tokenizer, spread, tokenize
from xlt_flax.errors import UserError

log = logging.getLogger("xlt_flax")

_DTYPES = {
    "tokens": "i4",
    "offsets": "i8",
    "label_values": "i4",
    "label_offsets": "i8",
    "digests": "S32",
    "identities": "S16",
    "id_bytes": "u1",
    "id_offsets": "i8",
    "window_offsets": "i8",
    "is_cut": "?",
    "second_starts": "i4",
}
_CHUNK = 1000  # tokenizers spread each call over all cores
_DOCUMENTS_PER_LINE = 100_000  # of a log that is no terminal


def write_arrays(
    folder: Path,
    made_from: dict,
    examples: Iterable[Example],
    tokenizer: Tokenizer,
) -> None:
    """Writes what data/token_store lists into a folder; holds no more than a chunk in memory.

    Args:
      folder: empty.
      made_from: `source`, `max_length`, `drop_commas` and `windows`, of `store_key`.
      examples: read once.
      tokenizer: of the documents.

    Raises:
      UserError: windows are asked for of pairs.
    """
    source, windows = made_from["source"], "windows" in made_from
    with spread(tokenizer), ExitStack() as stack:
        writer = _Writer(
            {
                name: stack.enter_context(_growing(folder / f"{name}.npy", dtype))
                for name, dtype in _DTYPES.items()
            }
        )
        for chunk in _chunks(_counted(examples, f"{source['language']} {source['split']}")):
            texts = [example.texts for example in chunk]
            limits = made_from["max_length"], made_from["drop_commas"]
            if windows:
                _require_single(texts, source)
            writer.append(chunk, source)
            writer.append_tokens(tokenize(texts, tokenizer, *limits, windows))
    for name, is_needed in writer.optional.items():
        if not is_needed:
            (folder / f"{name}.npy").unlink()


def _require_single(texts: Sequence[tuple[str, ...]], source: dict[str, str]) -> None:
    if any(len(parts) > 1 for parts in texts):
        raise UserError(
            f"{source['dataset']}: windows are of single texts, and {source['language']} "
            f"{source['split']} documents are pairs: give truncate (config.data.long, or --long)"
        )


class _GrowingArray:
    """A .npy file of one dimension whose length is known when it is finished."""

    def __init__(self, file: BinaryIO, dtype: str):
        self._file, self._dtype, self._length = file, np.dtype(dtype), 0
        self._write_header()

    def append(self, values: Sequence | np.ndarray) -> None:
        array = np.ascontiguousarray(values, self._dtype)
        self._file.write(array.tobytes())
        self._length += len(array)

    def finish(self) -> None:
        self._file.seek(0)
        self._write_header()

    def _write_header(self) -> None:
        """NumPy leaves room in it for any length, so that it can be written over."""
        descr = npy.dtype_to_descr(self._dtype)
        shape = (self._length,)
        npy.write_array_header_1_0(
            self._file, {"descr": descr, "fortran_order": False, "shape": shape}
        )


@contextmanager
def _growing(path: Path, dtype: str) -> Iterator[_GrowingArray]:
    with open(path, "wb") as file:
        array = _GrowingArray(file, dtype)
        yield array
        array.finish()


class _Offsets:
    """Where values of documents begin that lie one after the other."""

    def __init__(self, offsets: _GrowingArray):
        self._offsets, self._end = offsets, 0
        offsets.append([0])

    def append(self, lengths: Sequence[int] | np.ndarray) -> None:
        ends = self._end + np.cumsum(np.asarray(lengths, np.int64))
        self._offsets.append(ends)
        self._end = int(ends[-1])


class _Ragged:
    """Values of documents one after the other, and where those of each begin."""

    def __init__(self, values: _GrowingArray, offsets: _GrowingArray):
        self._values, self._offsets = values, _Offsets(offsets)

    def append(self, values: np.ndarray, lengths: Sequence[int]) -> None:
        self._values.append(values)
        self._offsets.append(lengths)


class _Writer:
    """All arrays of a store, by name."""

    def __init__(self, arrays: dict[str, _GrowingArray]):
        self._tokens = _Ragged(arrays["tokens"], arrays["offsets"])
        self._labels = _Ragged(arrays["label_values"], arrays["label_offsets"])
        self._ids = _Ragged(arrays["id_bytes"], arrays["id_offsets"])
        self._digests, self._identities = arrays["digests"], arrays["identities"]
        self._windows, self._is_cut = _Offsets(arrays["window_offsets"]), arrays["is_cut"]
        self._second_starts = arrays["second_starts"]
        self.optional = {"window_offsets": False, "second_starts": False}  # whether it is needed

    def append(self, chunk: list[Example], source: dict[str, str]) -> None:
        named = source["dataset"], source["language"], source["split"]
        ids = [example.id.encode() for example in chunk]
        labels = [label for example in chunk for label in example.labels]
        self._ids.append(np.frombuffer(b"".join(ids), np.uint8), [*map(len, ids)])
        self._labels.append(np.array(labels, np.int32), [len(e.labels) for e in chunk])
        self._digests.append([text_digest(*example.texts) for example in chunk])
        self._identities.append([identity(*named, example.id) for example in chunk])

    def append_tokens(self, chunk: Tokenized) -> None:
        counts = np.bincount(chunk.owners, minlength=len(chunk.is_cut))
        second_starts = chunk.second_starts[np.cumsum(counts) - counts]
        self._tokens.append(np.concatenate(chunk.rows), [*map(len, chunk.rows)])
        self._windows.append(counts)
        self._is_cut.append(chunk.is_cut)
        self._second_starts.append(second_starts)
        self.optional["window_offsets"] |= bool((counts > 1).any())
        self.optional["second_starts"] |= bool(second_starts.any())


def _chunks(examples: Iterator[Example]) -> Iterator[list[Example]]:
    while chunk := list(islice(examples, _CHUNK)):
        yield chunk


def _counted(examples: Iterable[Example], description: str) -> Iterator[Example]:
    """The same examples; says on the way how many there were, of all where a stream knows that."""
    total = length_hint(examples) or None
    of_all = f" of {total:,}" if total else ""
    with tqdm(desc=f"tokenizing {description}", total=total, unit="doc", disable=None) as bar:
        for number, example in enumerate(examples, 1):
            yield example
            bar.update()
            if bar.disable and number % _DOCUMENTS_PER_LINE == 0:
                log.info("tokenizing %s: %s%s documents so far", description, f"{number:,}", of_all)
