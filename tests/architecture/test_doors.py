"""One door per third party, and nothing that walks around the doors."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# distribution's top-level module -> where it may be imported, relative to broker/
DOORS: dict[str, tuple[str, ...]] = {
    "flask": ("web/", "app/", "cli/", "demo/"),
    "werkzeug": ("web/", "app/", "cli/", "demo/"),
    "jinja2": ("web/", "app/", "demo/"),
    "gunicorn": ("cli/", "demo/"),
    "sqlalchemy": ("store/",),
    "alembic": ("store/",),
    "psycopg": ("store/",),
    "sqlite3": ("store/",),
    "lxml": ("xml/", "demo/"),
    "xmlsec": ("xml/", "demo/"),
    "onelogin": ("xml/",),
    "xml": (),
    "jwt": ("jose/", "jose.py"),
    "joserfc": ("jose/", "jose.py", "demo/"),
    "authlib": ("connectors/", "demo/"),
    "urllib3": ("outbound/", "outbound.py"),
    "requests": (),
    "httpx": (),
    "http": ("web/", "demo/", "outbound/"),
    "yaml": ("configuration/", "demo/"),
    "pydantic": ("configuration/",),
    "cel_expr_python": ("expressions/", "expressions.py"),
    "limits": ("limits.py",),
    "socket": ("outbound/", "outbound.py", "demo/", "cli/"),
    "subprocess": ("demo/",),
    "pickle": (),
    "marshal": (),
    "random": (),
    "ctypes": (),
}


def imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno


def product() -> list[Path]:
    return sorted((ROOT / "broker").rglob("*.py"))


@pytest.mark.parametrize("module", sorted(DOORS))
def test_a_third_party_has_one_door(module: str) -> None:
    strays = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in product()
        for name, line in imports(path)
        if name.split(".")[0] == module
        and not str(path.relative_to(ROOT / "broker")).startswith(DOORS[module] or ("nowhere",))
    ]
    assert strays == []


@pytest.mark.parametrize("layer", ["model", "errors"])
def test_the_lowest_layers_import_the_standard_library_only(layer: str) -> None:
    files = [ROOT / "broker" / layer] if layer.endswith(".py") else sorted((ROOT / "broker" / layer).rglob("*.py"))
    strays = [
        f"{path.name}:{line} imports {name}"
        for path in files
        for name, line in imports(path)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith(("broker.model", "broker.errors"))
    ]
    assert files
    assert strays == []


def test_identity_is_constructed_only_by_connectors_and_restored_only_by_sessions() -> None:
    """The type itself says that a connector verified it."""
    makers = [
        str(path.relative_to(ROOT / "broker"))
        for path in product()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Identity"
    ]
    assert [maker for maker in makers if not maker.startswith("connectors/")] == []


@pytest.mark.parametrize("statement", ["import lxml.etree, xmlsec", "import xmlsec, lxml.etree"])
def test_lxml_and_xmlsec_carry_the_same_libxml2(statement: str) -> None:
    """A mismatched pair raises at import, in either order."""
    done = subprocess.run([sys.executable, "-c", statement], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
