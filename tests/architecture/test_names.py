"""The language of the code: functions are verbs, a name is one thing, texts stand in one place.

Each failure says what to do instead. The words are in docs/glossary.md.
"""

import ast
import re
from collections import defaultdict

import pytest

from tests.architecture.repository_files import python_files, text_of

PARTICIPLES = frozenset(
    [
        "asked",
        "began",
        "carried",
        "counted",
        "decided",
        "described",
        "drawn",
        "ended",
        "explained",
        "found",
        "freed",
        "given",
        "gone",
        "grown",
        "held",
        "kept",
        "known",
        "left",
        "made",
        "moved",
        "named",
        "opened",
        "posted",
        "released",
        "said",
        "sealed",
        "sent",
        "served",
        "settled",
        "shown",
        "stored",
        "taken",
        "told",
        "written",
    ]
)
PROBLEM_CALLS = frozenset({"Problem", "Message", "Invalid", "InvalidValueError"})
HAN = re.compile(r"[\u4e00-\u9fff]")


def list_participles(source: str) -> list[str]:
    """Functions that are named by what was done instead of by what they do; no properties."""
    return [
        f"{node.lineno}: {node.name}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.strip("_").split("_")[0] in PARTICIPLES
        and not any(_is_property(decorator) for decorator in node.decorator_list)
    ]


def _is_property(decorator: ast.expr) -> bool:
    match decorator:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in ("property", "cached_property")
    return False


def list_loose_texts(source: str) -> list[str]:
    """Chinese texts of problems that are written where the problem occurs."""
    return [
        f"{node.lineno}: {node.value}"
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call) and _find_called_name(call.func) in PROBLEM_CALLS
        for node in ast.walk(call)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and HAN.search(node.value)
    ]


def _find_called_name(called: ast.expr) -> str:
    """`Invalid` of `Invalid(...)`, `errors.Invalid(...)` and `Invalid.of(...)`."""
    match called:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=owner)) if owner in PROBLEM_CALLS:
            return owner
        case ast.Attribute(attr=name):
            return name
    return ""


def list_public_names(source: str) -> list[str]:
    """Of the classes and functions of a module."""
    return [
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
    ]


def test_functions_are_named_by_what_they_do() -> None:
    past = [
        f"{file}:{what}"
        for file in python_files("services", "shared", "deploy")
        for what in list_participles(text_of(file))
    ]
    assert not past, "begin with a verb, such as `find_`, `list_`, `render_`, or make it a property"


def test_a_public_name_stands_for_one_thing_in_a_service() -> None:
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for file in python_files("services"):
        for name in list_public_names(text_of(file)):
            places[file.parts[1], name].append(str(file))
    assert len(places) > 2000
    twice = {name: files for name, files in places.items() if len(files) > 1}
    assert not twice, "say which it is: `SheetRequest`, `submit_decline` (docs/glossary.md, verbs)"


def test_public_names_are_those_of_a_module() -> None:
    source = "class A:\n    def b(self): ...\nasync def c(): ...\ndef _d(): ..."
    assert list_public_names(source) == ["A", "c"]


def test_texts_of_problems_stand_in_messages() -> None:
    loose = [
        f"{file}:{what}"
        for file in python_files("services", "shared", "deploy")
        if file.name != "messages.py"
        for what in list_loose_texts(text_of(file))
    ]
    assert not loose, "make it a constant in the service's messages.py and use `NAME.invalid(...)`"


@pytest.mark.parametrize(
    "source",
    [
        "def found(): ...",
        "async def _told_to(person): ...",
        "class Row:\n    def kept(self): ...",
    ],
)
def test_a_participle_is_found(source: str) -> None:
    assert list_participles(source)


@pytest.mark.parametrize(
    "source",
    [
        "class Row:\n    @property\n    def held(self): ...",
        "class Row:\n    @cached_property\n    def named(self): ...",
        "def find(found): ...",
        "def readable(): ...",
    ],
)
def test_properties_and_verbs_pass(source: str) -> None:
    assert not list_participles(source)


@pytest.mark.parametrize(
    "source",
    [
        'raise Invalid(Problem("amount_wrong", "金额不正确", "not an amount"))',
        'raise Invalid.of("amount_wrong", "金额不正确", "not an amount")',
        'WRONG = errors.Message("amount_wrong", f"金额{sign}不正确", "not an amount")',
    ],
)
def test_a_loose_text_is_found(source: str) -> None:
    assert list_loose_texts(source)


def test_other_chinese_passes() -> None:
    assert not list_loose_texts('title = "金额"\nraise AMOUNT_WRONG.invalid("amount")')
