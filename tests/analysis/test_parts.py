"""A table or a figure is one new file; runs of no known study have what is true of any runs."""

import importlib
import json
import sys
from pathlib import Path

import made_up_sweep
import numpy as np
import pytest

import xlt_flax.analysis
from xlt_flax.analysis import page, read_runs, tables
from xlt_flax.analysis.study_report import StudyReport
from xlt_flax.analysis.written import as_markdown, write
from xlt_flax.studies import known
from xlt_flax.studies.diversity.report import DiversityReport
from xlt_flax.studies.thesis.report import ThesisReport

TABLE = """
from xlt_flax.analysis.table import Row, Section, Table

ORDER = {order}


def tables(findings):
    rows = (Row(("runs", str(len(findings.results.runs)))),)
    return [Table("counted", Section("counted", "Counted"), "How many", ("What", "Number"), rows)]
"""
FIGURE = """
from xlt_flax.analysis.plain_matplotlib import Figure
from xlt_flax.analysis.table import Section

ORDER = 200
SECTION = Section("counted", "Counted")
CAPTION = "A dot, on {target}."


def draw(findings):
    figure = Figure(figsize=(2, 2))
    figure.add_subplot().plot([1], [1], marker="o")
    return figure
"""
FEW = {"E1D1F1": 0.8, "E1E2E3": 0.7, "E1D1F1+J1": 0.85}


@pytest.fixture
def add_part(tmp_path, monkeypatch):
    """add_part(package, name, text): a module in a folder that the package has for now."""

    def add(package: str, name: str, text: str):
        folder = tmp_path / package
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(text)
        found = importlib.import_module(package)
        monkeypatch.setattr(found, "__path__", [*found.__path__, str(folder)])
        monkeypatch.delitem(sys.modules, f"{package}.{name}", raising=False)

    return add


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    return made_up_sweep.write_sweep(tmp_path_factory.mktemp("few") / "s", (50,), 40, FEW)


@pytest.mark.parametrize("package", StudyReport.tables + ThesisReport.tables[1:])
@pytest.mark.parametrize("order", [15, 200])
def test_a_table_is_one_new_file(add_part, sweep, package, order):
    add_part(package, "counted", TABLE.format(order=order))
    found = known.find(read_runs.read_results(sweep))
    keys = [table.key for table in tables.all_tables(found)]
    assert keys[-1 if order == 200 else keys.index("5.2") + 1] == "counted"
    text = as_markdown(found, tables.all_tables(found))
    assert "### How many\n\n| What | Number |\n" in text
    html = page.render(found, tables.placed_tables(found), [])
    assert '<h2 id="counted">Counted</h2>' in html
    assert '<a href="#counted">Counted</a>' in html
    assert (html.index('id="counted"') < html.index('id="deviations"')) == (order == 15)


def test_a_figure_is_one_new_file(add_part, sweep, tmp_path):
    add_part("xlt_flax.analysis.figures", "dot", FIGURE)
    write(known.find(read_runs.read_results(sweep)), tmp_path / "report")
    assert (tmp_path / "report" / "dot.png").exists()
    assert (tmp_path / "report" / "dot.svg").exists()
    html = (tmp_path / "report" / "index.html").read_text()
    assert "<figcaption>A dot, on Japanese.</figcaption>" in html


# ---- Runs of no known study


def write_own(folder: Path, name: str, seed: int, fields=None) -> None:
    """A run on somebody's own text, of three classes, German not among its languages."""
    rng = np.random.default_rng(seed)
    path = folder / f"{name}-seed{seed}"
    fields = {"data.target_language": "sw", **(fields or {})}
    made_up_sweep.write_run(path, name, seed, np.arange(40) < 30, rng, fields=fields)
    scores = {
        each: {"precision": 0.5, "recall": 0.25 * number, "f1": None, "support": 10 * number}
        for number, each in enumerate(("bug", "praise", "question"))
    }
    made_up_sweep.write_evaluation(path, "sw", np.arange(60) < 45, per_class=scores)


@pytest.fixture
def own(tmp_path):
    for name in ("S1", "P2"):
        for seed in (1, 2):
            write_own(tmp_path / "runs", name, seed)
    return read_runs.read_results(tmp_path / "runs")


def test_runs_of_no_known_study_have_the_general_report(own, tmp_path):
    found = known.find(own, [(own.of("S1"), own.of("P2"))])
    assert type(found.study) is StudyReport
    text = write(found, tmp_path / "report")
    keys = [table.key for table in tables.all_tables(found)]
    assert keys == ["other", "compare", "languages", "classes", "audit", "seeds"]
    assert text.startswith("# Zero-shot transfer to Swahili")
    assert "### Accuracy on Swahili" in text
    assert "| S1 − P2 |" in text
    header, *rows = (tmp_path / "report" / "results.csv").read_text().splitlines()
    assert header.endswith(",loss,note,problems")
    assert len(rows) == 8
    written = json.loads((tmp_path / "report" / "results.json").read_text())
    assert written["cells"]["S1"]["mean"] == 0.75
    html = (tmp_path / "report" / "index.html").read_text()
    assert "<h1>Zero-shot transfer to Swahili</h1>" in html
    for said in ("thesis", "J1", "diversity", "German", "1:1:1"):
        assert said.lower() not in text.lower()
        assert said not in str(written)
        assert said.lower() not in html.split("</style>")[1].lower()


def test_classes_have_rows_of_their_own(own):
    (table,) = [t for t in tables.all_tables(known.find(own)) if t.key == "classes"]
    assert [row.cells for row in table.rows[:3]] == [
        ("P2", "question", ".5000", ".5000", "—", "20"),
        ("P2", "praise", ".5000", ".2500", "—", "10"),
        ("P2", "bug", ".5000", ".0000", "—", "0"),
    ]
    assert table.section.folded


def test_many_classes_are_cut_and_it_is_said(tmp_path):
    write_own(tmp_path, "S1", 1)
    numbers = {"precision": 1, "recall": 1, "f1": 1, "support": 2}
    scores = {f"class {number}": numbers for number in range(200)}
    made_up_sweep.write_evaluation(tmp_path / "S1-seed1", "sw", np.ones(9) > 0, per_class=scores)
    found = known.find(read_runs.read_results(tmp_path))
    (table,) = [t for t in tables.all_tables(found) if t.key == "classes"]
    assert len(table.rows) == 20
    assert "180 more are in each run's eval folder" in table.notes[1]


def test_mixtures_that_the_thesis_does_not_have_are_of_the_study_of_diversity(tmp_path):
    rng, right = np.random.default_rng(0), np.arange(40) < 30
    for name in ("E2E3D2", "D2D3E2", "E2D3F1"):
        made_up_sweep.write_run(tmp_path / f"{name}-seed1", name, 1, right, rng)
    assert type(known.study_of(read_runs.read_results(tmp_path))) is DiversityReport
    made_up_sweep.write_run(tmp_path / "E1D1F1-seed1", "E1D1F1", 1, right, rng)
    assert type(known.study_of(read_runs.read_results(tmp_path))) is ThesisReport


# ---- The page


def test_what_runs_say_is_escaped_in_the_page(tmp_path):
    folder = tmp_path / "a <b> & 'c'"
    write_own(folder, "S1", 1, {"model.name": "<script>alert(1)</script>"})
    (folder / "P2-seed1").mkdir()
    (folder / "P2-seed1" / "failure.txt").write_text("bad <img src=x>\n")
    found = known.find(read_runs.read_results(folder))
    html = page.render(found, tables.placed_tables(found), [])
    assert "a &lt;b&gt; &amp; &#39;c&#39;</title>" in html
    assert "bad &lt;img src=x&gt;" in html
    assert not {"<script", "<img", "<b>"} & set(html.split())
    assert "<script" not in html


def test_analysis_knows_no_study():
    """Whatever a study says of itself stands in its own folder."""
    root = Path(xlt_flax.analysis.__file__).parent
    files = [path for path in root.rglob("*") if path.suffix in (".py", ".html", ".css")]
    texts = {path: path.read_text("utf-8") for path in files}
    assert len(texts) > 40
    for path, text in texts.items():
        assert "thesis" not in text.lower(), path
        assert "xlt_flax.studies" not in text, path
