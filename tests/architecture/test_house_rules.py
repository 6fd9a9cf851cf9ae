"""Rules of the house that no linter has: size, names, docstrings, time, machine paths.

Each failure says what to do instead.
"""

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.repository_files import ROOT, files, python_files, text_of

LINES_MAX = 400

NO_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}

# Built from parts, so that this file does not hold what it forbids.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("repo", "maven", "apache", "org"),
        ("repo1", "maven", "org"),
        ("registry", "npmjs", "org"),
        ("proxy", "golang", "org"),
        ("sum", "golang", "org"),
        ("crates", "io"),
        ("rubygems", "org"),
        ("deb", "debian", "org"),
        ("archive", "ubuntu", "com"),
    )
)
MACHINE_PATH = re.compile(r"(?<![\w.~$}-])/(?:work|root|home/[a-z]+|Users/\w+)/")

CLOCKS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "monotonic"),
    ("time", "perf_counter"),
    ("time", "sleep"),
}
CHANCE = {"random", "secrets", "uuid"}


def test_no_file_is_empty() -> None:
    empty = [str(file) for file in files() if not text_of(file).strip() and not _binary(file)]
    assert not empty, "delete them: a file that is not needed is missing"


def _binary(file: Path) -> bool:
    return b"\0" in (ROOT / file).read_bytes()[:1024]


def test_every_module_has_a_docstring() -> None:
    silent = [str(f) for f in python_files() if not ast.get_docstring(ast.parse(text_of(f)))]
    assert not silent, "say in the first line what the module is for"


def test_no_file_is_named_after_nothing() -> None:
    vague = [str(file) for file in files() if _words(file) & NO_NAMES]
    assert not vague, "name it after what it is about, such as `dates.py` or `shared/client.py`"


def _words(file: Path) -> set[str]:
    return {word for part in file.parts for word in re.split(r"[_.\-]", part.lower())}


def test_python_files_are_short() -> None:
    long = {
        str(file): lines
        for file in python_files()
        if (lines := len(text_of(file).splitlines())) > LINES_MAX
    }
    assert not long, "make a package of it with one module for each subject"


@pytest.mark.parametrize("host", REGISTRIES)
def test_no_file_names_a_package_registry(host: str) -> None:
    naming = [str(file) for file in files() if host in text_of(file)]
    assert not naming, "leave it to the client's own settings: pip, npm, mvn and go know their host"


def test_no_file_names_a_place_of_somebodys_machine() -> None:
    found = [
        f"{file}: {match.group()}"
        for file in files()
        for match in MACHINE_PATH.finditer(text_of(file))
        if file.name != Path(__file__).name
    ]
    assert not found, "take it from settings, or relative to the file (`Path(__file__).parent`)"


def test_what_is_read_is_a_document() -> None:
    apart = Path("shared/documents.py")
    loose = [
        f"{file}:{number}"
        for file in python_files("services", "shared", "deploy")
        if file != apart
        for number, line in enumerate(text_of(file).splitlines(), start=1)
        if "Mapping[str, Any]" in line
    ]
    assert not loose, "name it `Document` (shared/documents.py), or give its fields their types"


# --- decide and model know no clock and no chance ---------------------------------------------


def core_files() -> list[Path]:
    """services/<name>/decide* and model*, modules or packages."""
    return [
        file
        for file in python_files("services")
        if len(file.parts) > 2 and Path(file.parts[2]).stem in ("decide", "model")
    ]


def impurities(source: str) -> list[str]:
    """Calls of a clock and imports of chance, with their lines."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if (owner, name) in CLOCKS:
                found.append(f"{node.lineno}: {owner}.{name}")
            case ast.Attribute(value=ast.Attribute(attr=owner), attr=name) if (
                owner,
                name,
            ) in CLOCKS:
                found.append(f"{node.lineno}: {owner}.{name}")
            case ast.ImportFrom(module="time" | "random" | "secrets" | "uuid" as name):
                found.append(f"{node.lineno}: from {name}")
            case ast.Import(names=names):
                found += [f"{node.lineno}: {n.name}" for n in names if n.name in CHANCE]
    return found


def test_core_asks_no_clock_and_throws_no_dice() -> None:
    assert len(core_files()) >= 8
    found = [f"{f}:{what}" for f in core_files() for what in impurities(text_of(f))]
    assert not found, "take `now` from decide's argument, and ids from the input (shared/ids.py)"


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime\nx = datetime.now(UTC)",
        "import datetime\nx = datetime.datetime.utcnow()",
        "import time\nx = time.time()",
        "from time import monotonic",
        "import random",
        "from uuid import uuid4",
    ],
)
def test_clock_or_chance_in_the_core_is_found(source: str) -> None:
    assert impurities(source)


def test_pure_core_passes() -> None:
    assert not impurities("from datetime import timedelta\nx = now + timedelta(days=1)")
