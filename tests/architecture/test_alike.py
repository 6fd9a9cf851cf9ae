"""What is done in one way in every service."""

import ast
from collections import defaultdict
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from tests.architecture.repository_files import python_files, text_of
from tests.support.messages import check_messages, list_messages

SERVICES = ("audit", "intake", "matching", "notify")
NOTICE_CHANNELS = frozenset({"sms", "wechat"})


def list_functions(source: str) -> list[str]:
    return [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]


def list_named_channels(source: str) -> list[int]:
    """Lines that compare something with a channel's name."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Compare)
        for side in (node.left, *node.comparators)
        if (isinstance(side, ast.Constant) and side.value in NOTICE_CHANNELS)
        or (isinstance(side, ast.Attribute) and ast.unparse(side) in ("SMS.name", "WECHAT.name"))
    ]


def test_every_main_has_the_same_functions() -> None:
    for service in SERVICES:
        source = text_of(Path("services") / service / "main.py")
        assert list_functions(source) == ["create_app", "build_service", "build_resources"]


def test_decisions_do_not_ask_a_channel_for_its_name() -> None:
    decide = Path("services/notify/decide")
    asking = [
        f"{file}:{line}"
        for file in python_files("services")
        if decide in file.parents
        for line in list_named_channels(text_of(file))
    ]
    assert not asking, "ask `CHANNELS[channel]` what it can: is_billed, is_by_phone, has_credits"


OTHER_CLIENTS = {
    "services/audit/cli/receipt.py": "a command of its own, for a donor",
    "services/audit/tlog/website.py": "a library beside the services, reads a published log",
    "services/audit/tlog/witnesses.py": "the same, asks witnesses from threads",
    "services/matching/cli/rounds.py": "a command",
}
"""With the reason why."""


def test_services_call_others_through_the_pool_of_shared_http() -> None:
    """A client of httpx costs ten times the CPU of a call. docs/performance.md"""
    own = {
        str(file)
        for file in python_files("services")
        for node in ast.walk(ast.parse(text_of(file)))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and any(
            name.split(".")[0] in ("httpx", "aiohttp", "requests") for name in _list_names(node)
        )
    }
    assert own == set(OTHER_CLIENTS), "call by `shared.http.HttpClient`"


def _list_names(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names]


@pytest.mark.parametrize(
    "source", ['if channel == "sms": ...', "x = [c for c in d if c != SMS.name]", '"wechat" != c']
)
def test_a_channel_asked_for_its_name_is_found(source: str) -> None:
    assert list_named_channels(source)


# --- texts ----------------------------------------------------------------------------------------


def load_texts(service: str) -> list[ModuleType]:
    """What a service answers with; a `messages.py` about what people write holds none."""
    modules = [
        import_module(".".join(file.with_suffix("").parts))
        for file in python_files("services")
        if file.parts[1] == service and file.name == "messages.py"
    ]
    return [module for module in modules if list_messages(module)]


@pytest.mark.parametrize("service", SERVICES)
def test_a_code_has_one_wording_in_a_service(service: str) -> None:
    """However many modules its texts stand in: a client finds one meaning under a code."""
    wordings: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for module in load_texts(service):
        check_messages(module)
        for message in list_messages(module).values():
            wordings[message.code].add((message.zh, message.en))
    assert wordings
    assert not {code: texts for code, texts in wordings.items() if len(texts) > 1}
