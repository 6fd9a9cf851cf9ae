"""The language of the code: functions are verbs, a name is one thing, texts stand in one place.

Each failure says what to do instead. The words are in docs/glossary.md.
"""

import ast
import re
from collections import defaultdict

import pytest

from tests.architecture.repository_files import python_files, text_of

PARTICIPLES = frozenset(
    {"began", "brought", "built", "chosen", "done", "drawn", "found", "given", "gone", "grown"}
    | {"heard", "held", "kept", "known", "led", "left", "lost", "made", "met", "paid", "said"}
    | {"sent", "seen", "shown", "spent", "taken", "told", "written"}
)
"""Those that do not end in `ed`."""
NO_PARTICIPLES = frozenset({"embed", "feed", "need", "seed", "shed"})
PRIVATE_WORDS = frozenset(
    {"asked", "found", "given", "gone", "held", "kept", "known", "said", "shown", "taken", "told"}
)
"""They say that something was done and not what is bound."""
PROBLEM_CALLS = frozenset({"Problem", "Message", "Invalid", "InvalidValueError"})
HAN = re.compile(r"[\u4e00-\u9fff]")


def list_participles(source: str) -> list[str]:
    """Functions that are named by what was done instead of by what they do; no properties."""
    return [
        f"{node.lineno}: {node.name}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and _is_participle(node.name.strip("_").split("_")[0])
        and not any(_is_property(decorator) for decorator in node.decorator_list)
    ]


def _is_participle(word: str) -> bool:
    return word in PARTICIPLES or (word.endswith("ed") and word not in NO_PARTICIPLES)


def list_private_words(source: str) -> list[str]:
    """Bound names that do not say what they are. A field of a class is read as `match.kept`, and
    may be stored under its name."""
    tree = ast.parse(source)
    fields = {
        id(member.target)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for member in node.body
        if isinstance(member, ast.AnnAssign)
    }
    return [
        f"{line}: {name}"
        for node in ast.walk(tree)
        if id(node) not in fields
        for name, line in _list_bound(node)
        if name.strip("_").lower() in PRIVATE_WORDS
    ]


def _list_bound(node: ast.AST) -> list[tuple[str, int]]:
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            return [(name, node.lineno)]
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [(name, node.lineno)]
    return []


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


def test_a_name_says_what_is_bound() -> None:
    private = [
        f"{file}:{what}"
        for file in python_files("services", "shared", "deploy")
        for what in list_private_words(text_of(file))
    ]
    assert not private, "name the thing: `proposals`, `reply`, `media_type`, `held_payables`"


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
        "def trusted_checkpoint(data): ...",
    ],
)
def test_a_participle_is_found(source: str) -> None:
    assert list_participles(source)


@pytest.mark.parametrize(
    "source",
    ["found = 1", "def f(told): ...", "class Kept: ...", "ASKED = ()", "f = lambda said: 1"],
)
def test_a_private_word_is_found(source: str) -> None:
    assert list_private_words(source)


def test_fields_and_plain_names_pass() -> None:
    assert not list_private_words("class Match:\n    kept: str = ''\nfound_at = match.kept")


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
