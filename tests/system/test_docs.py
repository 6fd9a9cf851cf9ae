"""The documents say what the code says."""

import re
import runpy
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from deploy.commands.services import SERVICES, find_settings_class
from deploy.docs import build_data_page

ROOT = Path(__file__).parents[2]
OPERATIONS = ROOT / "docs" / "operations.md"


def test_the_page_of_the_data_is_the_codes() -> None:
    written = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    assert build_data_page() == written, "write it again: python -m deploy.docs"


def test_every_metric_is_in_the_operators_table() -> None:
    build_data_page()  # imports every service
    ours = {metric.name for metric in REGISTRY.collect() if metric.name.startswith("guanjia_")}
    text = OPERATIONS.read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(guanjia_\w+)`", text, re.MULTILINE))
    assert {name.removesuffix("_total") for name in named} == ours


@pytest.mark.parametrize(
    "document",
    [
        *("README.md", "CONTRIBUTING.md"),
        *sorted(
            str(file.relative_to(ROOT))
            for file in (ROOT / "docs").rglob("*.md")
            if "decisions" not in file.parts  # they may name settings that are gone
        ),
    ],
)
def test_every_variable_of_a_document_is_a_setting(document: str) -> None:
    parts = (*SERVICES, "simulators", "front")
    fields = {name for part in parts for name in find_settings_class(part).model_fields}
    existing = {f"GUANJIA_{name.upper()}" for name in fields}
    existing |= {f"{name}_FILE" for name in existing} | {"GUANJIA_SETTINGS_FILE", "GUANJIA_TOKEN"}
    compose = (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")
    existing |= set(re.findall(r"\$\{(GUANJIA_[A-Z_]+)", compose))
    named = set(re.findall(r"GUANJIA_[A-Z_]*[A-Z]", (ROOT / document).read_text(encoding="utf-8")))
    assert named - existing == set()


def test_the_commit_rule_is_checked() -> None:
    find_problems = runpy.run_path(str(ROOT / ".ci" / "commit-message"))["find_problems"]
    assert not list(
        find_problems("audit: post brings forward what an earlier year holds\n\nWhy.\n")
    )
    assert not list(find_problems("notify, intake: one table of links"))
    for message in ("Fix things", "audit: ends with a stop.", f"audit: {'x' * 70}", "audit: a\nb"):
        assert list(find_problems(message)), message


def test_the_map_leads_to_files_that_are_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    places = set(re.findall(r"`((?:services|shared|deploy)/[^`\s]+)`", text))
    missing = [place for place in places if not list(ROOT.glob(place.replace("<name>", "*")))]
    assert len(places) > 50
    assert not missing, "the map of docs/architecture.md names what is elsewhere now"


def test_the_index_of_decisions_is_in_order_and_says_their_titles() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^- \[(.+)\]\(([0-9].+?)\)(?: \((.+)\))?$", index, re.MULTILINE)
    files = {file.name: file for file in folder.glob("[0-9]*.md")}
    assert [name for _, name, _ in lines] == sorted(name for _, name, _ in lines)
    for title, name, mark in lines:
        assert _read_title(files[name]) == title
        assert _read_mark(files[name]) == mark.capitalize(), f"{name}: the same in file and index"
    assert len(files) - len(lines) < 5, "add the new ones to docs/decisions/README.md"


def _read_title(file: Path) -> str:
    return file.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def _read_mark(file: Path) -> str:
    """`Amended by 0280`; empty where it stands as it is."""
    note = re.search(r"^> (\w+ by .*)\.$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return re.sub(r"\[(\d+)\]\(.*?\)", r"\1", note[1]) if note else ""
