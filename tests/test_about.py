"""What the repository says of itself is true of the package."""

import re
from pathlib import Path

import pytest
import yaml

import xlt_flax

ROOT = Path(__file__).parents[1]
# https://github.com/citation-file-format/citation-file-format/blob/1.2.0/schema-guide.md
REQUIRED = {"cff-version", "message", "title", "authors"}
REQUIRED_OF_REFERENCE = {"type", "title", "authors"}
TYPES = {"software", "data", "thesis", "conference-paper", "article"}


@pytest.fixture(scope="module")
def citation():
    return yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))


def test_the_citation_is_of_this_version(citation):
    assert citation["version"] == xlt_flax.__version__
    assert citation["license"] == "Apache-2.0"


def test_the_citation_is_whole(citation):
    assert citation["cff-version"] == "1.2.0"
    assert citation.keys() >= REQUIRED
    for entry in (citation, *citation["references"]):
        assert entry.keys() >= REQUIRED_OF_REFERENCE
        assert entry["type"] in TYPES
        for author in entry["authors"]:
            assert author.keys() in ({"name"}, {"family-names", "given-names"})


def test_the_changelog_has_this_version_and_what_comes():
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"
    versions = [heading.split(" - ")[0] for heading in headings[1:]]
    assert versions[0] == xlt_flax.__version__
    assert all(re.fullmatch(r".+ - \d{4}-\d\d-\d\d", heading) for heading in headings[1:])
