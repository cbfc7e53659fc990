"""The report's command line, its files, and its page."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from xlt_flax import report
from xlt_flax.analysis import drawing
from xlt_flax.analysis.findings import find
from xlt_flax.analysis.read_runs import read_sweep
from xlt_flax.errors import UserError

sys.path.insert(0, str(Path(__file__).parent / "analysis"))
import made_up_sweep

FILES = {
    "tables.md",
    "results.csv",
    "results.json",
    "index.html",
    *(
        f"{name}.{kind}"
        for name in ("figure_4_1", "figure_tables", "learning_curves")
        for kind in ("png", "svg")
    ),
}
VOID = {"meta", "br", "hr", "img", "link", "input"}


def run(*words):
    command = [sys.executable, "-m", "xlt_flax.report", *words]
    root = Path(__file__).parent.parent
    return subprocess.run(command, capture_output=True, text=True, cwd=root, timeout=120)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report") / "sweep"
    made_up_sweep.write_sweep(folder, (50, 51), 60, seed_sd=0.02, overlap=4)
    (folder / "E3D3F3-seed51" / "DONE").unlink()
    return folder


@pytest.fixture(scope="module")
def written(sweep):
    """The report as the command line writes it."""
    result = run(f"--workdir={sweep}", "--resamples=200", "--compare", "E1D1F1", "E1E2E3")
    assert result.returncode == 0, result.stderr
    return result.stdout, sweep / "report"


def test_it_writes_all_files_and_prints_the_tables(written):
    text, folder = written
    assert {path.name for path in folder.iterdir()} == FILES
    assert "Table 4.1" in text
    assert "| E1D1F1 − E1E2E3 |" in text
    assert "Half-finished: 69 of 70 runs" in text
    assert (folder / "tables.md").read_text() in text
    assert (folder / "figure_4_1.png").read_bytes().startswith(b"\x89PNG")
    assert len((folder / "results.csv").read_text().splitlines()) == 71
    assert len(json.loads((folder / "results.json").read_text())["cells"]) == 35


def test_the_same_seed_writes_the_same_bytes(written, sweep, tmp_path):
    _, folder = written
    read = read_sweep(sweep)
    asked = [(read.of("E1D1F1"), read.of("E1E2E3"))]
    found = find(read, asked, resamples=200)
    report.write(found, "", tmp_path)
    for name in FILES - {"tables.md"}:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.ids, self.tags, self.links = [], [], set(), []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.add(tag)
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values[key] for key in ("src", "href", "xlink:href") if key in values]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_from_elsewhere(written):
    text = (written[1] / "index.html").read_text()
    page = _Page()
    page.feed(text)
    assert not page.open
    assert len(page.ids) == len(set(page.ids))
    assert not page.tags & {"script", "link", "img", "iframe"}
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert not re.search(r"url\((?!#)|@import", text)


def test_the_pages_figures_take_their_colours_from_the_page(written):
    text = (written[1] / "index.html").read_text()
    style, body = text.split("</style>", 1)
    assert "prefers-color-scheme: dark" in style
    used = set(re.findall(r"var\(--([\w-]+)\)", text))
    assert used <= set(re.findall(r"--([\w-]+):", style))
    for light, _ in drawing.PALETTE.values():
        assert light not in body
    assert not re.findall(r"(?:fill|stroke): #[0-9a-f]{6}", body)


def test_a_broken_file_is_one_line_and_exit_2(tmp_path):
    folder = made_up_sweep.write_sweep(tmp_path / "s", (50,), 20, {"E1D1F1": 0.8})
    (folder / "E1D1F1-seed50" / "eval" / "ja.predictions.jsonl").write_text("{}\nno\n")
    result = run(f"--workdir={folder}")
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert "ja.predictions.jsonl:1:" in result.stderr
    assert not (folder / "report").exists()


def test_it_imports_neither_jax_nor_tensorflow():
    code = "import sys, xlt_flax.report; print({'jax', 'tensorflow'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "set()", result.stderr


@pytest.mark.parametrize(
    ("values", "rest"),
    [(["A,B"], []), (["A"], ["B"]), (["A", "B"], [])],
)
def test_the_ways_to_ask_for_a_comparison(values, rest):
    assert report.asked_pairs(values, rest) == [("A", "B")]


@pytest.mark.parametrize(("values", "rest"), [(["A"], []), ([], ["DIR"]), (["A,B,C"], [])])
def test_a_comparison_that_is_none(values, rest):
    with pytest.raises(UserError):
        report.asked_pairs(values, rest)


def test_a_run_that_is_not_there_or_not_finished(sweep):
    read = read_sweep(sweep)
    with pytest.raises(UserError, match=r"no run E1D1F9 .* there is E1D1F1"):
        report._runs_named(read, "E1D1F9")
    with pytest.raises(UserError, match="E3D3F3-seed51 has no finished run"):
        report._runs_named(read, "E3D3F3-seed51")
