"""The walls of the house: who may import whom, how fast it opens, how large a room may be."""

import ast
import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import houfeng

SOURCES = Path(houfeng.__file__).parent
MODULES = {
    ".".join(("houfeng", *path.relative_to(SOURCES).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(SOURCES.rglob("*.py"))
}
GROUND = ("errors", "times", "geo", "lexicon", "values", "earthquake", "regions", "config", "http", "data")

#: A room may import from itself and from the floors above it in this list, never from one below.
FLOORS = (
    GROUND,
    ("catalogs",),
    ("forecasts", "geodesy", "waveforms"),
    ("features", "learning"),
    ("models", "shaking", "damage", "response"),
    ("store", "reports", "evaluation", "alerts", "warning"),
    ("operations",),
    ("experiments",),
    ("service",),
    ("cli",),
)

#: What `import houfeng` must not load.
HEAVY = {
    *("torch", "sklearn", "onnx", "onnxruntime", "optuna"),
    *("obspy", "matplotlib", "pandas", "scipy", "numba", "duckdb", "httpx"),
    *("pydantic", "pydantic_settings", "jinja2", "typer", "rich", "fastapi", "starlette", "uvicorn"),
}
MAX_LINES, MAX_BODY = 400, 60


def floor_of(module: str) -> int:
    room = module.split(".")[1] if "." in module else ""
    if not room:
        return len(FLOORS)  # the package itself lists the public names of every room
    return next(i for i, rooms in enumerate(FLOORS) if room in rooms)


def imports_of(module: str) -> list[tuple[str, bool]]:
    """Our modules that `module` imports, anywhere in it, and whether that happens on its import."""
    found = []
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    at_import = {id(node) for node in _on_import(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import in line {node.lineno}"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in MODULES else node.module for name in names]
        else:
            continue
        found += [(name, id(node) in at_import) for name in names if name.split(".")[0] == "houfeng"]
    return found


def _on_import(tree: ast.AST):
    """Nodes that run when the module is imported: not in functions, not under TYPE_CHECKING."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from _on_import(node)


def test_every_module_belongs_to_a_room():
    rooms = {room for floor in FLOORS for room in floor}
    strangers = {module for module in MODULES if "." in module and module.split(".")[1] not in rooms}
    assert not strangers, f"rooms without a floor: {strangers}"


@pytest.mark.parametrize("module", [module for module in MODULES if module != "houfeng"])
def test_a_room_imports_only_from_itself_and_lower_floors(module):
    mine = module.split(".")[1]
    for name, _ in imports_of(module):
        if name == "houfeng":  # the version
            continue
        other = name.split(".")[1]
        assert name in MODULES, f"{module} imports {name}, which does not exist"
        assert other == mine or floor_of(name) < floor_of(module) or {mine, other} <= set(GROUND), (
            f"{module} imports {name}, which lies above it or beside it"
        )


def test_ground_modules_import_only_the_ground():
    for module in MODULES:
        if "." in module and module.split(".")[1] in GROUND:
            above = [name for name, _ in imports_of(module) if name != "houfeng" and floor_of(name) > 0]
            assert not above, f"{module} imports {above}"


def test_no_module_imports_itself_in_a_circle():
    edges = {module: [name for name, now in imports_of(module) if now and name in MODULES] for module in MODULES}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module not in done:
            for other in edges[module]:
                if other != "houfeng":
                    visit(other, (*path, module))
            done.add(module)

    for module in edges:
        visit(module, ())


def test_every_module_can_be_imported():
    for info in pkgutil.walk_packages([str(SOURCES)], "houfeng."):
        importlib.import_module(info.name)


def test_public_names_are_sorted_and_real():
    assert houfeng.__all__ == sorted(set(houfeng.__all__))
    assert set(houfeng.__all__) <= set(dir(houfeng))
    for name in houfeng.__all__:
        found = getattr(houfeng, name)
        assert found.__module__.startswith("houfeng."), name
        assert found.__name__ == name and found.__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        houfeng.nonsense  # noqa: B018


def cpu_and_modules(code: str) -> tuple[float, set[str]]:
    """CPU seconds of `code` in a fresh interpreter (start-up excluded), and the modules it loaded."""
    script = f"""
import json, resource, sys
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
start = cpu()
{code}
print(json.dumps([cpu() - start, sorted(sys.modules)]), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    seconds, modules = json.loads(done.stderr.splitlines()[-1])
    return seconds, set(modules)


def test_the_package_opens_in_less_than_a_third_of_a_second_and_loads_nothing_heavy():
    runs = [cpu_and_modules("import houfeng") for _ in range(5)]
    assert min(seconds for seconds, _ in runs) < 0.3
    loaded = {module.split(".")[0] for module in runs[0][1]}
    assert not loaded & HEAVY


def test_help_comes_in_less_than_six_tenths_of_a_second():
    code = "from houfeng.cli.main import main\nassert main(['--help']) == 0"
    runs = [cpu_and_modules(code) for _ in range(5)]
    assert min(seconds for seconds, _ in runs) < 0.6
    loaded = {module.split(".")[0] for module in runs[0][1]}
    assert not loaded & (HEAVY - {"typer", "rich"})


@pytest.mark.parametrize("module", MODULES)
def test_files_and_functions_are_small_enough_to_read(module):
    text = MODULES[module].read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_LINES, f"{module} has {len(text.splitlines())} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            lines = node.end_lineno - first.lineno + 1
            assert lines <= MAX_BODY, f"{module}.{node.name} has a body of {lines} lines"
