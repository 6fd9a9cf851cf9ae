"""Which module may import which: `.importlinter`, run for real, and broken once to see it bite."""

import configparser
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import grimp
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / ".importlinter"
PACKAGES = ("services", "shared", "deploy")
PREFIX = "importlinter:contract:"

# One offence against each ban: where it is committed, and how.
OFFENCES = {
    "rooms": ("services/intake/store.py", "import services.audit.model"),
    "corridor": ("shared/ids.py", "import services.intake.model"),
    "cellar": ("services/notify/store.py", "import deploy.local.stack"),
    "pure": ("services/audit/model/fund.py", "import asyncio"),
    "driver": ("services/intake/store.py", "import pymongo"),
    "writing": ("services/intake/model/person.py", "import services.intake.decide"),
    "reading": ("services/matching/store.py", "import services.matching.views"),
    "contracts": ("shared/contracts/values.py", "import shared.mongo"),
    "tlog": ("services/audit/tlog/tiles.py", "import services.audit.ledger.kinds"),
    "ledger": ("services/audit/ledger/kinds.py", "import services.audit.model"),
}


def lint(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    script = "from importlinter.cli import lint_imports_command as run; run()"
    command = [sys.executable, "-c", script, "--config", str(CONFIG), "--no-cache", *options]
    environment = {**os.environ, "PYTHONPATH": str(root), "COLUMNS": "300", "NO_COLOR": "1"}
    return subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, timeout=100, check=False
    )


def bans() -> dict[str, str]:
    config = configparser.ConfigParser()
    config.read(CONFIG, encoding="utf-8")
    named = [section for section in config.sections() if section.startswith(PREFIX)]
    return {section.removeprefix(PREFIX): config[section]["name"] for section in named}


def test_imports_go_only_where_the_architecture_lets_them() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_ban_says_what_to_do_instead_and_is_tried_below() -> None:
    assert set(bans()) == set(OFFENCES)
    assert all(": " in name for name in bans().values())


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code alone, to be spoilt."""
    place = tmp_path_factory.mktemp("copy")
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            target = place / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    return place


@contextmanager
def spoilt(file: Path, line: str) -> Iterator[None]:
    before = file.read_text(encoding="utf-8")
    file.write_text(f"{before}\n{line}\n", encoding="utf-8")
    yield
    file.write_text(before, encoding="utf-8")


@pytest.mark.parametrize("ban", OFFENCES)
def test_ban_bites_and_names_itself(copy: Path, ban: str) -> None:
    path, line = OFFENCES[ban]
    with spoilt(copy / path, line):
        result = lint(copy, "--contract", ban)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{bans()[ban]} BROKEN" in result.stdout


# --- the auditor's part stands alone ----------------------------------------------------------

VERIFIER = ("services.audit.tlog", "services.audit.ledger")
BESIDE_VERIFIER = (
    "shared.contracts",
    "shared.documents",
    "shared.errors",
    "shared.simplified",
    "shared.text",
)


def test_verifier_imports_the_contracts_and_base_dependencies_alone() -> None:
    graph = grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)
    reached = {
        module
        for package in VERIFIER
        for module in graph.find_upstream_modules(package, as_package=True)
    }
    ours = {module for module in reached if module.partition(".")[0] in PACKAGES}
    strangers = {m for m in ours if not m.startswith((*VERIFIER, *BESIDE_VERIFIER))}
    assert not strangers, f"{VERIFIER} must run by themselves: move what they need into them"
    others = {module.partition(".")[0] for module in reached - ours}
    foreign = others - set(sys.stdlib_module_names) - _base_packages()
    assert not foreign, f"{foreign}: the auditor installs no extras, do without"


WITHOUT_EXTRAS = """
import importlib, sys
absent = set({absent!r})

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"an auditor has not installed {{name}}", name=name)

sys.meta_path.insert(0, Absent())
for module in {modules!r}:
    importlib.import_module(module)
"""


def test_verifier_runs_where_only_the_base_is_installed() -> None:
    """With every other package of this environment made absent."""
    modules = sorted(
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for package in VERIFIER
        for file in (ROOT / package.replace(".", "/")).rglob("*.py")
        if file.stem not in ("__init__", "__main__")
    )
    absent = sorted(set(packages_distributions()) - _base_packages() - set(PACKAGES))
    assert {"motor", "fastapi", "aiokafka"} <= set(absent)
    script = WITHOUT_EXTRAS.format(absent=absent, modules=modules)
    command = [sys.executable, "-c", script]
    result = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr


def _base_packages() -> set[str]:
    """Import names of the base dependencies and of what these depend on."""
    wanted, seen = ["guanjia"], set[str]()
    while wanted:
        name = canonicalize_name(wanted.pop())
        if name not in seen:
            seen.add(name)
            wanted += [r.name for r in _required(name)]
    return {
        package
        for package, owners in packages_distributions().items()
        if any(canonicalize_name(owner) in seen for owner in owners)
    }


def _required(name: str) -> list[Requirement]:
    """Without extras, on this machine."""
    try:
        listed = [Requirement(text) for text in requires(name) or ()]
    except ModuleNotFoundError:  # not installed, so not imported either
        return []
    return [r for r in listed if r.marker is None or r.marker.evaluate({"extra": ""})]
