"""The report's command line, its files, and its page."""

import html
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import forks
import made_up_sweep
import pytest

from xlt_flax import api, report
from xlt_flax.analysis import drawing
from xlt_flax.analysis.pairs import pair_of
from xlt_flax.analysis.read_runs import read_results
from xlt_flax.analysis.written import write
from xlt_flax.errors import UserError
from xlt_flax.studies.known import find

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
    return forks.run(command, cwd=Path(__file__).parent.parent)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report") / "sweep"
    made_up_sweep.write_sweep(folder, (50, 51), 60, seed_sd=0.02, overlap=4)
    (folder / "E3D3F3-seed51" / "DONE").unlink()
    return folder


@pytest.fixture(scope="module")
def written(sweep):
    """The report as the command line writes it."""
    result = run(f"--workdir={sweep}", "--compare=E1D1F1,E1E2E3")
    assert result.returncode == 0, result.stderr
    return result.stdout, sweep / "report"


def test_it_writes_all_files_and_says_them_in_short(written):
    text, folder = written
    assert {path.name for path in folder.iterdir()} == FILES
    tables = (folder / "tables.md").read_text()
    assert "Table 4.1" in tables
    assert "Half-finished: 69 of 70 runs" in tables
    assert "Half-finished: 69 of 70 runs" in text.splitlines()[0]
    answers = tables.split("## In short\n\n")[1].split("\n\n## Tables")[0]
    assert answers.startswith("- ")
    assert answers in text
    assert [table.splitlines()[0] for table in text.split("### ")[1:]] == ["Comparisons asked for"]
    assert "| E1D1F1 − E1E2E3 |" in text
    assert len(text.splitlines()) <= 30  # of 250 that the tables have
    *_, where, page = text.splitlines()
    assert (where, page) == (f"Tables: {folder / 'tables.md'}", f"Page: {folder / 'index.html'}")
    assert (folder / "figure_4_1.png").read_bytes().startswith(b"\x89PNG")
    assert len((folder / "results.csv").read_text().splitlines()) == 71
    assert len(json.loads((folder / "results.json").read_text())["cells"]) == 35


def test_the_same_sweep_writes_the_same_bytes(written, sweep, tmp_path):
    _, folder = written
    read = read_results(sweep)
    asked = [(read.of("E1D1F1"), read.of("E1E2E3"))]
    found = find(read, asked)
    write(found, tmp_path)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_the_page_begins_with_an_answer_in_words(written):
    text, folder = written
    answer = next(line for line in text.splitlines() if line.startswith("- What diversity"))
    page = (folder / "index.html").read_text()
    (after,) = re.findall(r"</h1>\s*<p class=\"verdict\">(.*?)</p>", page, re.DOTALL)
    assert html.unescape(re.sub("<[^>]*>", "", after)).strip() == answer.removeprefix("- ")
    assert page.count(html.escape(answer.split(": ", 1)[1], quote=False).replace("'", "&#39;")) == 1


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


def test_the_way_to_ask_for_a_comparison():
    assert report.asked_pairs(["A,B", "C,D"]) == [("A", "B"), ("C", "D")]


@pytest.mark.parametrize("values", [["A"], ["A,B,C"], ["A,B", ","]])
def test_a_comparison_that_is_none(values):
    with pytest.raises(UserError, match="wants two runs"):
        report.asked_pairs(values)


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("E1D1F9", "E1E2E3", r"no run E1D1F9 .* there is E1D1F1"),
        ("E1E2E3", "E3D3F3-seed51", "E3D3F3-seed51 has no finished run"),
        ("E1E2E3", "E1E2E3-seed51", "both are E1E2E3; give two mixtures"),
        ("E1E2E3-seed50", "E1D1F1-seed51", "no draw and seed is finished for both"),
    ],
)
def test_a_comparison_that_cannot_be(sweep, one, other, said):
    with pytest.raises(UserError, match=said):
        pair_of(read_results(sweep), one, other)


def test_one_run_of_each_is_compared_over_documents_only(sweep):
    read = read_results(sweep)
    (found,) = find(read, [pair_of(read, "E1E2E3-seed51", "E1D1F1")]).asked
    assert (found.basis, found.p) == ("one seed: documents only", None)
    assert found.holds_fixed == "seed 51 and draw 50"


def test_a_plan_needs_no_folder():
    result = run("--plan", "--sd=2", "--effect=1")
    assert result.returncode == 0, result.stderr
    assert "1 point: draws x seeds of at least 40" in result.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--workdir: give the folder"),
        (["--plan"], "--plan: give --sd=POINTS, or a pilot's folder"),
        (["--plan", "--sd=-1"], "--plan: wants --sd of 0 or more"),
        (["--plan", "--sd=2", "--compare=A,B"], "--compare goes with a report"),
        (["--workdir=none", "--sd=2"], "--sd is for --plan: add --plan, or leave it out"),
    ],
)
def test_flags_that_do_not_go_together(words, said, capsys):
    report.flags.FLAGS.unparse_flags()
    report.flags.FLAGS(["report", *words])
    with pytest.raises(UserError, match=said):
        report.main([])


def test_a_pilots_plan_takes_its_components(sweep):
    with pytest.raises(UserError, match="a pilot needs two finished blocks"):
        api.study_size(pilot=sweep)  # E3D3F3 is not finished with seed 51
    (sweep / "E3D3F3-seed51" / "DONE").touch()
    try:
        text = api.study_size(pilot=sweep)
    finally:
        (sweep / "E3D3F3-seed51" / "DONE").unlink()
    assert "come from the pilot's 2 seeds" in text
    assert ") / 60);" in text
