"""An auditor's machine: this code, its base dependencies, and nothing else installed here."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

from tests.audit.ledgers import log_key, publish_all, year_of_facts

ROOT = Path(__file__).parents[2]
ALONE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ModuleNotFoundError(f"an auditor does not have {{name}}", name=name)

sys.meta_path.insert(0, Refuse())
from services.audit.cli import app
app()
"""


def base_distributions() -> set[str]:
    """What `pip install guanjia` brings, with all that it needs in turn."""
    said = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    found: set[str] = set()
    waiting = list(said)
    while waiting:
        name = normal(re.split(r"[^\w.-]", waiting.pop(), maxsplit=1)[0])
        if name in found:
            continue
        found.add(name)
        try:
            needed = requires(name) or []
        except PackageNotFoundError:
            continue
        waiting += [each for each in needed if "extra ==" not in each]
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def not_on_the_machine() -> set[str]:
    base = base_distributions() | {"guanjia"}
    return {
        name
        for name, distributions in packages_distributions().items()
        if not {normal(each) for each in distributions} & base
    }


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = ALONE.format(blocked=sorted(not_on_the_machine()))
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True
    )


def test_the_services_packages_are_not_on_the_machine() -> None:
    assert {"motor", "aiokafka", "fastapi", "pymongo", "hypothesis"} <= not_on_the_machine()
    assert not {"cryptography", "orjson", "pydantic", "typer"} & not_on_the_machine()


def test_verify_and_replay_need_the_base_dependencies_alone(tmp_path: Path) -> None:
    publish_all(year_of_facts(300), tmp_path)
    said = run("verify", str(tmp_path), "--vkey", str(log_key().vkey))
    assert said.returncode == 0, said.stderr
    said = run("replay", "--dir", str(tmp_path), "--to", "299")
    assert said.returncode == 0, said.stderr
    (tmp_path / "tile/0/000").write_bytes(bytes(8192))
    said = run("verify", str(tmp_path), "--vkey", str(log_key().vkey))
    assert said.returncode == 1


IMPORTED = """
import sys
from services.audit.cli import app
try:
    app()
finally:
    print(*sys.modules, file=sys.stderr)
"""


def test_verifying_a_folder_waits_for_nothing_else(tmp_path: Path) -> None:
    """Half of a small log's time was the import of what other commands need."""
    publish_all(year_of_facts(300), tmp_path)
    key = str(log_key().vkey)
    said = subprocess.run(
        [sys.executable, "-c", IMPORTED, "verify", str(tmp_path), "--vkey", key],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert said.returncode == 0, said.stderr
    imported = set(said.stderr.split())
    assert "services.audit.cli.verify" in imported
    assert not imported & {
        "httpx",
        "openpyxl",
        "reportlab",
        "shared.contracts.events",
        "shared.sheets",
    }
