"""The order of the rooms: who may import whom, read from the source, functions' imports included.

Command lines → api → studies → evaluation → training → modeling, data; analysis stands apart. What
training validates with (predictions, scores, what was seen, how it is said) lies in evaluation.
"""

import ast
import functools
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "xlt_flax"
ROOMS = {"data", "modeling", "training", "evaluation", "prediction", "studies", "analysis"}
FOUNDATION = {"errors", "failures", "files", "locks", "places", "signals"}
SURFACE = {
    "api",
    "api_models",
    "api_studies",
    "cli",
    "console",
    "overrides",
    "usage",
    "words",
    "wrong_flags",
}
VALIDATES = {f"evaluation.{name}" for name in ("predictions", "scores", "seen", "table")}
# What config_checks asks: which objectives and trackers there are, how class weights are spelled,
# by what a checkpoint may be the best.
CHECKED = {
    "training.objectives",
    "training.trackers",
    "training.class_weights",
    "training.metrics",
}
MAX_LINES = 300


def read(package: Path) -> dict[str, Path]:
    """{"training.loop": its file} of all modules; a package goes by its own name; "": the root."""
    files = (p for p in sorted(package.rglob("*.py")) if "configs" not in p.parts)
    parts = ((p.relative_to(package).with_suffix("").parts, p) for p in files)
    return {".".join(part for part in name if part != "__init__"): path for name, path in parts}


def imports(modules: dict[str, Path], own_types: bool = True) -> set[tuple[str, str]]:
    """(importer, imported) of all modules: ours without the package's name, "/jax" of others.

    Imports for types alone, which import nothing, count for our own modules where `own_types` says
    so: they are knowledge of them.
    """
    found = set()
    for name, path in modules.items():
        for full, for_types in _named_in(path):
            own = full.split(".")[0] == PACKAGE.name
            short = full[len(PACKAGE.name) + 1 :]
            if own and short not in modules:  # something in a module
                short = short.rpartition(".")[0]
            if not for_types or (own and own_types):
                found.add((name, short if own else f"/{full.split('.')[0]}"))
    return {(one, other) for one, other in found if one != other}


@functools.cache
def _named_in(path: Path) -> list[tuple[str, bool]]:
    """What a file imports, and whether `if TYPE_CHECKING` stands before it."""
    tree = ast.parse(path.read_text("utf-8"))
    checks = (n for n in ast.walk(tree) if isinstance(n, ast.If))
    checks = (n for n in checks if ast.unparse(n.test) == "TYPE_CHECKING")
    for_types = {inner for check in checks for part in check.body for inner in ast.walk(part)}
    return [(full, node in for_types) for node in ast.walk(tree) for full in _named(node)]


def _named(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are written from the package's name on"
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def room(module: str) -> str:
    """The room of a module; "" if it lies above them, "/" if it is not ours."""
    first = module.split(".")[0]
    return "/" if module.startswith("/") else first if first in ROOMS else ""


def is_within(modules: set[str]):
    return lambda module: module in modules


def is_command(module: str) -> bool:
    path = PACKAGE / f"{module}.py"
    return path.is_file() and '__name__ == "__main__"' in path.read_text("utf-8")


def is_surface(module: str) -> bool:
    return module in SURFACE or is_command(module)


def is_other(*names: str):
    return is_within({f"/{name}" for name in names})


def is_room(*names: str):
    return lambda module: room(module) in names


def is_above_but(*kept: str):
    return lambda module: room(module) == "" and module not in {"", *kept}


LEARNING = ("jax", "jaxlib", "flax", "optax", "orbax", "transformers", "tensorboard")
TENSORFLOW = ("tensorflow", "tensorflow_datasets")
PICTURES = ("matplotlib", "jinja2")

# name: (who, whom it may not import)
RULES = {
    "nobody imports a command line": (lambda module: True, is_command),
    "rooms do not know the surface": (is_room(*ROOMS), is_surface),
    "the foundation stands on nothing": (
        is_within(FOUNDATION),
        lambda module: room(module) in ROOMS or is_above_but(*FOUNDATION)(module),
    ),
    "above the rooms, only the surface knows more than data and modeling": (
        lambda module: room(module) == "" and not is_surface(module),
        lambda module: room(module) in ROOMS - {"data", "modeling"} and module not in CHECKED,
    ),
    "data knows no other room": (is_room("data"), is_room(*ROOMS - {"data"})),
    "modeling knows no other room": (is_room("modeling"), is_room(*ROOMS - {"modeling"})),
    "data and modeling stand on the foundation": (
        is_room("data", "modeling"),
        is_above_but(*FOUNDATION),
    ),
    "training does not know who calls it": (
        is_room("training"),
        lambda module: (
            room(module) in {"prediction", "studies", "analysis"}
            or (room(module) == "evaluation" and module not in VALIDATES)
        ),
    ),
    "numbers are numbers": (
        is_within({"evaluation.scores", "evaluation.seen"}),
        is_room("training", "studies", "analysis"),
    ),
    "evaluation does not know who calls it": (
        is_room("evaluation"),
        is_room("studies", "analysis"),
    ),
    "analysis reads workdirs and knows no other room": (
        is_room("analysis"),
        is_room(*ROOMS - {"analysis"}),
    ),
    "analysis learns nothing": (is_room("analysis"), is_other(*LEARNING, *TENSORFLOW)),
    "data knows no model": (is_room("data"), is_other("flax", "optax", "orbax", "transformers")),
    "a model knows no pipeline": (is_room("modeling"), is_other(*TENSORFLOW, "orbax", "optax")),
    "TensorFlow is for data sets and their batches": (
        lambda module: not module.startswith(("data.sources.", "data.layout.prefetch")),
        is_other(*TENSORFLOW),
    ),
    "pictures and pages are of what was found": (
        lambda module: room(module) not in {"analysis", "studies"},
        is_other(*PICTURES),
    ),
}


def broken(rule: str, found: set[tuple[str, str]]) -> set[tuple[str, str]]:
    who, whom = RULES[rule]
    return {(one, other) for one, other in found if who(one) and whom(other)}


def circles(found: set[tuple[str, str]]) -> set[str]:
    """Modules that import themselves by way of others."""
    after: dict[str, set[str]] = {}
    for one, other in found:
        after.setdefault(one, set()).add(other)

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        left = list(after[start])
        while left:
            module = left.pop()
            if module not in seen:
                seen.add(module)
                left += after.get(module, ())
        return seen

    return {module for module in after if module in reached(module)}


@pytest.fixture(scope="module")
def modules():
    return read(PACKAGE)


@pytest.fixture(scope="module")
def found(modules):
    return imports(modules)


@pytest.mark.parametrize("rule", RULES)
def test_the_order_of_the_rooms(rule, found):
    assert sorted(broken(rule, found)) == []


def test_no_module_imports_itself_by_way_of_others(modules):
    assert sorted(circles(imports(modules, own_types=False))) == []


def test_modules_can_be_seen_whole(modules):
    lines = {name: len(path.read_text("utf-8").splitlines()) for name, path in modules.items()}
    assert {name: count for name, count in lines.items() if count >= MAX_LINES} == {}


@pytest.mark.parametrize(
    ("module", "line", "rule"),
    [
        ("training.step", "from xlt_flax import main", "nobody imports a command line"),
        ("data.audit", "import xlt_flax.cli", "rooms do not know the surface"),
        ("files", "from xlt_flax.config import base", "the foundation stands on nothing"),
        (
            "workdir",
            "from xlt_flax.training import loop",
            "above the rooms, only the surface knows more than data and modeling",
        ),
        ("data.order", "from xlt_flax.modeling import packed", "data knows no other room"),
        ("modeling.packed", "import xlt_flax.data.order", "modeling knows no other room"),
        ("data.order", "from xlt_flax import workdir", "data and modeling stand on the foundation"),
        (
            "training.loop",
            "from xlt_flax.evaluation import evaluate",
            "training does not know who calls it",
        ),
        (
            "evaluation.scores",
            "from xlt_flax.training.loop import train",
            "numbers are numbers",
        ),
        (
            "evaluation.evaluate",
            "import xlt_flax.analysis.results",
            "evaluation does not know who calls it",
        ),
        (
            "analysis.page",
            "from xlt_flax.studies.thesis.reported import ACCURACY",
            "analysis reads workdirs and knows no other room",
        ),
        ("analysis.page", "import jax.numpy as jnp", "analysis learns nothing"),
        ("data.order", "import flax", "data knows no model"),
        ("modeling.packed", "import tensorflow as tf", "a model knows no pipeline"),
        (
            "training.loop",
            "from tensorflow import data",
            "TensorFlow is for data sets and their batches",
        ),
        ("training.loop", "import matplotlib", "pictures and pages are of what was found"),
    ],
)
def test_a_line_that_breaks_a_rule_is_seen(module, line, rule, modules, tmp_path):
    """Within a function as well."""
    path = tmp_path / "module.py"
    path.write_text(f"def late():\n    {line}\n")
    ((one, other),) = broken(rule, imports(modules | {module: path})) - broken(
        rule, imports(modules)
    )
    assert one == module
    assert line.split()[1].split(".")[0] in (other.strip("/"), "xlt_flax")


def test_a_circle_is_seen(modules, tmp_path):
    path = tmp_path / "errors.py"
    path.write_text("def late():\n    from xlt_flax.config import base\n")
    assert {"errors", "config"} <= circles(imports(modules | {"errors": path}))
