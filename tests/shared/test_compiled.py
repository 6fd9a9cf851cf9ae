"""What templates compile to is stored, and is never older than they are."""

from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader, Template, TemplateError, pass_context
from jinja2.runtime import Context

from shared.web.compiled import CompiledTemplates
from shared.web.pages import Pages


@pytest.fixture
def template(tmp_path: Path) -> Path:
    file = tmp_path / "greeting.html"
    file.write_text("你好，{{ name }}。", encoding="utf-8")
    return file


class Forbidden(Environment):
    """Compiles nothing."""

    def compile(self, *_: object, **__: object) -> str:  # type: ignore[override]
        raise AssertionError("compiled again")


def open_greeting(file: Path, kind: type[Environment] = Environment) -> Template:
    """As a new process does."""
    loader = FileSystemLoader(file.parent)
    return kind(loader=loader, bytecode_cache=CompiledTemplates()).get_template(file.name)


def list_stored(file: Path) -> list[Path]:
    return list((file.parent / "__pycache__").iterdir())


def test_next_process_compiles_nothing(template: Path) -> None:
    open_greeting(template)
    assert open_greeting(template, Forbidden).render(name="莞家") == "你好，莞家。"
    assert len(list_stored(template)) == 1


def test_changed_template_is_compiled_anew(template: Path) -> None:
    open_greeting(template)
    template.write_text("再见，{{ name }}。", encoding="utf-8")
    assert open_greeting(template).render(name="莞家") == "再见，莞家。"
    assert open_greeting(template, Forbidden).render(name="莞家") == "再见，莞家。"


@pytest.mark.parametrize("length", [0, 5, 40, 90])
def test_what_was_cut_off_is_compiled_anew(template: Path, length: int) -> None:
    open_greeting(template)
    (stored,) = list_stored(template)
    stored.write_bytes(stored.read_bytes()[:length])
    assert open_greeting(template).render(name="莞家") == "你好，莞家。"


def test_where_nothing_can_be_written_pages_are_rendered(template: Path) -> None:
    (template.parent / "__pycache__").write_text("no folder")
    assert open_greeting(template).render(name="莞家") == "你好，莞家。"


def test_what_a_filter_says_is_not_stored() -> None:
    templates = Pages("shared.web").open_templates("zh")
    code = templates.compile("{{ 'wish' | label }}{{ 120 | yuan }}", raw=True)
    assert "1.20" not in code
    assert templates.from_string("{{ 120 | yuan }}").render() == "1.20"


def test_code_of_a_process_without_a_filter_is_not_taken(template: Path) -> None:
    """Who was started before an upgrade meets the new templates with the old filters."""
    template.write_text("{{ name | greet }}", encoding="utf-8")
    with pytest.raises(TemplateError):
        open_greeting(template).render(name="莞家")

    @pass_context
    def greet(_context: Context, name: str) -> str:
        return f"你好，{name}。"

    class Newer(Environment):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.filters["greet"] = greet

    assert open_greeting(template, Newer).render(name="莞家") == "你好，莞家。"
