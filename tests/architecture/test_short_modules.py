"""What is read together stands together: a short module that one other imports has a reason.

`api/`, `pages/`, `callbacks/` and `cli/` only list their modules, as `events.py` lists what is
decided and `contracts/events` what is said: there a short one is found by its name.
"""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

from tests.architecture.repository_files import python_files, text_of

LINES_MIN = 60
LISTED = frozenset({"api", "pages", "callbacks", "cli", "commands", "decide", "events"})
"""Folders whose modules are only listed elsewhere."""
ROOTS = frozenset({"main.py", "__main__.py", "__init__.py", "events.py", "messages.py"})
"""What every part of its kind has, under this name."""

APART = {
    "deploy/chaos/clocked.py": "run in the place of `guanjia`; sets the clock before all imports",
    "shared/messaging/deciding.py": "one decision by itself; tests run it without a fold",
    "deploy/demo/goods.py": "only a file of somebody's requests needs goods of its own",
    "deploy/local/connections.py": "uvicorn's protocol; nothing of a command",
    "deploy/simulators/tc3.py": "written independently of the signer that it checks",
    "services/audit/measuring.py": "a job of its own",
    "services/audit/months/movements.py": "by month; the close of a month sums to its end",
    "services/audit/tlog/website.py": "a log in a folder is verified without importing HTTP",
    "services/audit/witness.py": "an auditor, who has the command, has no FastAPI",
    "services/intake/emergencies/hastening.py": "a job of its own",
    "services/audit/statements/accounts.py": "which accounts a statement is of; no row of it",
    "services/intake/channels/progress_words.py": "who asks how far it is; no answer",
    "services/intake/channels/spoken_amounts.py": "how sums are written in a text; no channel",
    "services/intake/channels/stopping.py": "who wants no messages; an answer says much else",
    "services/intake/outlook.py": "asks matching; its page only shows the answer",
    "services/intake/own/contacts.py": "pure: tried without its page",
    "services/intake/reporting/workbook.py": "one way to write the figures; openpyxl stays there",
    "services/intake/sign_in/sessions.py": "how shared/security's sessions are kept here",
    "services/matching/naming.py": "events.py only lists; here what it lists is prepared",
    "services/notify/budgeting.py": "what the month has spent, beside the sending itself",
    "services/notify/digesting.py": "a job of its own, with its own interruptions",
    "services/notify/gates.py": "pure: how many calls at one time, tried without a provider",
    "services/notify/history.py": "the case page's route; others are people's",
    "services/notify/staff_cli.py": "mounted by the command line, which reads its name",
    "services/notify/wording.py": "pure: the words of a notice are tried without sending one",
    "services/notify/traffic.py": "pure: whose turn it is, tried without a provider",
    "services/notify/views.py": "what people see, apart from the routes, as in every service",
    "shared/messaging/pace.py": "pure: when a batch is decided is tried without a loop",
    "shared/messaging/waiting.py": "pure: who waits for whom is tried without a loop",
    "shared/sheets/asides.py": "which lines are no rows; the table reads those that are",
    "shared/sheets/guards.py": "what money a column is in; the package hands it on",
    "shared/sheets/writing.py": "reading and writing a sheet are two things",
    "shared/tracing/opening.py": "OpenTelemetry is imported only where traces are on",
    "shared/web/compiled.py": "where compiled templates lie; the pages only render",
    "shared/web/feedback.py": "a route that every service has",
}


def list_short_modules(sources: dict[Path, str]) -> list[str]:
    """Those below the size that not more than one other module imports."""
    modules = {name_module(file): file for file in sources}
    importers: dict[Path, set[Path]] = defaultdict(set)
    for file, source in sources.items():
        for name in list_imports(source):
            target = modules.get(name) or modules.get(name.rpartition(".")[0])
            if target is not None and target != file:
                importers[target].add(file)
    return [
        str(file)
        for file, source in sources.items()
        if len(source.splitlines()) < LINES_MIN
        and len(importers[file]) <= 1
        and file.name not in ROOTS
        and file.parent.name not in LISTED
    ]


def name_module(file: Path) -> str:
    return ".".join(file.with_suffix("").parts).removesuffix(".__init__")


def list_imports(source: str) -> set[str]:
    """`a.b` of `import a.b`; `a.b.c` of `from a.b import c`, which may be a module too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_a_short_module_with_one_importer_has_a_reason() -> None:
    files = python_files("services", "shared", "deploy")
    short = list_short_modules({file: text_of(file) for file in files})
    unexplained = sorted(set(short) - set(APART))
    assert not unexplained, "put it where it is read, or say in APART why it stands alone"
    assert set(APART) <= {str(file) for file in files}, "it is gone: take it out of APART"


@pytest.mark.parametrize("line", ["from a.short import x", "from a import short", "import a.short"])
def test_a_short_module_is_found(line: str) -> None:
    sources = {Path("a/short.py"): "x = 1", Path("a/long.py"): line + "\n" * LINES_MIN}
    assert list_short_modules(sources) == ["a/short.py"]
    assert not list_short_modules(sources | {Path("a/other.py"): line + "\n" * LINES_MIN})
    assert not list_short_modules({Path("a/api/short.py"): "x = 1"})
