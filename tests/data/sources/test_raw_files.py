"""The raw files are found, unpacked or in their archive, or a line says where to get them."""

import gzip
import hashlib
import io
import tarfile

import numpy as np
import pytest

from xlt_flax.data.sources.webis_cls10.raw_files import ARCHIVE, FOLDER, RawFiles
from xlt_flax.errors import UserError

TRAIN = ("en", "music", "train")


def pack(manual_dir, folder, prefix=""):
    """The archive of `folder`'s raw files, in `folder`."""
    archive = folder / ARCHIVE
    folder.mkdir(exist_ok=True)
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(manual_dir / FOLDER, f"{prefix}{FOLDER}")
    return archive


@pytest.mark.parametrize(
    "place",
    [
        lambda raw, new: raw,
        lambda raw, new: raw / FOLDER,
        lambda raw, new: pack(raw, new).parent,
        lambda raw, new: pack(raw, new),
        lambda raw, new: pack(raw, new, prefix="./").parent,
    ],
    ids=["folder's parent", "folder", "archive's folder", "archive", "archive with ./"],
)
def test_files_are_found_in_every_place_and_are_the_same(raw_folder, tmp_path, place):
    raw = RawFiles(place(raw_folder, tmp_path / "new"))
    expected = (raw_folder / FOLDER / "en/music/train.review").read_bytes()
    with raw.open(*TRAIN) as file:
        assert file.read() == expected
    assert raw.sha256(*TRAIN) == hashlib.sha256(expected).hexdigest()
    assert raw.describe(*TRAIN).endswith(f"{FOLDER}/en/music/train.review")
    assert raw.exists("ja", "music", "test")
    assert not raw.exists("en", "music", "unlabeled")
    with pytest.raises(UserError, match=r"en/music/unlabeled.review is missing: request .* Zenodo"):
        raw.open("en", "music", "unlabeled").__enter__()


def test_missing_data_says_what_to_request_where_and_where_to_put_it(tmp_path):
    with pytest.raises(UserError) as error:
        RawFiles(tmp_path)
    for part in (tmp_path, ARCHIVE, FOLDER, "https://zenodo.org/records/3251672", "manual_dir"):
        assert str(part) in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def flip(data):
    middle = len(data) // 2
    return data[:middle] + bytes(b ^ 0xFF for b in data[middle : middle + 64]) + data[middle + 64 :]


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[: len(data) // 2], lambda data: b"no archive", lambda data: b"", flip],
    ids=["truncated", "no archive", "empty", "flipped"],
)
def test_a_damaged_archive_is_one_line(raw_folder, tmp_path, damage):
    # Long enough that its middle is in the middle of the compressed text.
    letters = np.random.default_rng(0).integers(97, 123, 300_000, np.uint8)
    (raw_folder / FOLDER / "jp/music/train.review").write_bytes(letters.tobytes())
    archive = pack(raw_folder, tmp_path / "new")
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(UserError, match=r"cannot be read \(.*\); is it whole\?") as error:
        RawFiles(archive).sha256("ja", "music", "train")
    assert str(archive) in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["../x", f"{FOLDER}/../../x", "/etc/x"])
def test_an_archive_with_paths_that_leave_its_folder_is_refused(tmp_path, name):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(name))
    (tmp_path / ARCHIVE).write_bytes(gzip.compress(buffer.getvalue()))
    with pytest.raises(UserError, match="leaves its folder"):
        RawFiles(tmp_path).exists(*TRAIN)
