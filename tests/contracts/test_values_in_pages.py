"""A value that has a Chinese word has an English one, and a template prints them as a pair.

Whatever a sample holds: a template that prints `x_zh`, or the `zh` of a message, alone speaks
Chinese in an English page. Beside it stands its English, in `both(...)`, or the language is asked.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from jinja2 import meta, nodes

from shared.web.pages import Pages

TEMPLATES = sorted(
    path
    for folder in ("services", "shared")
    for path in (Path(__file__).parents[2] / folder).rglob("templates/*.html")
)
# It knows our filters; the templates are read alone.
ENVIRONMENT = Pages("services.intake").open_templates("zh")


def list_alone(source: str) -> list[str]:
    """The Chinese words of values that a template prints without their English."""
    tree = ENVIRONMENT.parse(source)
    given = meta.find_undeclared_variables(tree)
    return sorted(set(_walk(tree, given, is_paired=False)))


def _walk(node: nodes.Node, given: set[str], *, is_paired: bool) -> Iterator[str]:
    name = node.attr if isinstance(node, nodes.Getattr) else ""
    if isinstance(node, nodes.Name) and node.name in given:
        name = node.name
    if not is_paired and (name == "zh" or name.endswith("_zh")):
        yield name
    if isinstance(node, nodes.Call):
        yield from _walk(node.node, given, is_paired=False)
        for number, part in enumerate(node.args):
            has_english = _is_english(node.args[number + 1 :], is_first=number == 0)
            yield from _walk(part, given, is_paired=has_english)
        for keyword in node.kwargs:
            is_named = keyword.key.endswith("_zh")
            yield from _walk(keyword.value, given, is_paired=is_named)
        return
    if isinstance(node, nodes.Macro):
        given = given - {argument.name for argument in node.args}
    is_choice = isinstance(node, nodes.If | nodes.CondExpr)
    asks = is_choice and _asks_language(node)
    is_title = isinstance(node, nodes.Block) and node.name == "title"
    # What is asked of a value is not printed.
    for child in node.iter_child_nodes(exclude=("test",) if is_choice else ()):
        yield from _walk(child, given, is_paired=is_paired or asks or is_title)


def _is_english(following: list[nodes.Expr], *, is_first: bool) -> bool:
    """Whether the next argument is the English; beside the first stands whatever it is made of."""
    if not following:
        return False
    following_one = following[0]
    return is_first or (
        isinstance(following_one, nodes.Getattr) and following_one.attr.endswith("en")
    )


def _asks_language(node: nodes.Node) -> bool:
    test = cast("nodes.If | nodes.CondExpr", node).test
    names = (test, *test.find_all(nodes.Name))
    return any(isinstance(each, nodes.Name) and each.name == "language" for each in names)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_a_template_prints_no_value_in_chinese_alone(path: Path) -> None:
    assert list_alone(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "alone"),
    [
        ("{{ row.state_zh }}", ["state_zh"]),
        ('{{ fact("状态", "State", row.state_zh) }}', ["state_zh"]),
        ('{{ fact("状态", "State", both(row.state_zh, row.state)) }}', []),
        ('{{ fact("原因", "Why", reason.zh) }}', ["zh"]),
        ("{{ state_zh }}", ["state_zh"]),
        ("{% macro part(label_zh, label_en) %}{{ both(label_zh, label_en) }}{% endmacro %}", []),
        ('{% if language != "en" %}{{ row.zh }}{% endif %}', []),
        ('{{ field("name", row.zh, row.en, hint_zh=row.hint_zh, hint_en=row.hint_en) }}', []),
    ],
)
def test_what_counts_as_alone(source: str, alone: list[str]) -> None:
    assert list_alone(source) == alone
