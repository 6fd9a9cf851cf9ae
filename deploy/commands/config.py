"""`guanjia config`: the settings in force, secrets masked, and where each came from."""

import difflib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from deploy.commands import tables
from deploy.commands.services import NAMES, Name, find_settings_class, use_environment
from deploy.local.stack_file import RunningStack, find_running_stack
from shared.client import find_data_dir
from shared.settings import (
    FILE_SUFFIX,
    PREFIX,
    Settings,
    list_values,
    load_settings,
    name_secret_file,
)

# Read by commands, not by services.
COMMANDS_OWN = {f"{PREFIX}{name}" for name in ("SETTINGS_FILE", "TOKEN", "SIMULATORS_URL")}


@dataclass(frozen=True, slots=True)
class Setting:
    """origin: as people read it; masked values are masked here already."""

    value: object
    origin: str


def print_config(
    name: Annotated[
        Name | None, typer.Argument(help="服务；缺省全部 which service; default: all")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="数据目录 the stack's data folder")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="机器可读 machine readable")] = False,
) -> None:
    """生效的设置，密文已遮盖；有运行中的服务时取自该服务。

    Settings in force, secrets masked: those of the running services, where a stack runs.
    """
    stack = find_running_stack(data_dir or find_data_dir())
    names: tuple[str, ...] = (name,) if name else NAMES
    settings = {each: _read_settings(each, stack) for each in names}
    if as_json:
        plain = {n: {k: s.value for k, s in rows.items()} for n, rows in settings.items()}
        typer.echo(json.dumps(plain, ensure_ascii=False, indent=2))
        return
    console = tables.make_console()
    for title, rows in _group_settings(settings):
        console.print(_build_table(title, rows))
    for line in _list_unknown():
        console.print(f"[yellow]{line}[/]", highlight=False)


def _read_settings(name: str, stack: RunningStack | None) -> dict[str, Setting]:
    """Raises SettingsError for a value that would be refused at start."""
    with use_environment(_read_environment(name, stack)):
        settings = load_settings(find_settings_class(name))
        file = _read_file_fields()
        return {
            variable: Setting(value, _find_origin(variable, file))
            for variable, value in list_values(settings).items()
        }


def _read_environment(name: str, stack: RunningStack | None) -> dict[str, str]:
    """As the running service sees it; ours, where it does not run."""
    pid = stack.pids.get(name) if stack else None
    try:
        raw = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return dict(os.environ)
    entries = (entry.decode(errors="replace").partition("=") for entry in raw.split(b"\0"))
    return {variable: value for variable, _, value in entries if variable}


def _read_file_fields() -> frozenset[str]:
    file = os.environ.get(f"{PREFIX}SETTINGS_FILE")
    content = tomllib.loads(Path(file).read_text(encoding="utf-8")) if file else {}
    return frozenset(content)


def _find_origin(variable: str, file: frozenset[str]) -> str:
    if variable in os.environ:
        return "环境变量 environment"
    field = variable.removeprefix(PREFIX).lower()
    is_in_a_file = field in file or name_secret_file(field) in os.environ
    return "文件 file" if is_in_a_file else "缺省 default"


def _group_settings(
    settings: Mapping[str, dict[str, Setting]],
) -> Iterator[tuple[str, dict[str, Setting]]]:
    """What all have in common comes once."""
    first, *others = settings.values()
    shared = [f"{PREFIX}{field.upper()}" for field in Settings.model_fields]
    common = {
        v: first[v] for v in shared if others and all(other[v] == first[v] for other in others)
    }
    if common:
        yield "全部服务 every service", common
    for name, rows in settings.items():
        yield name, {v: setting for v, setting in rows.items() if v not in common}


def _build_table(title: str, rows: Mapping[str, Setting]) -> Table:
    table = tables.make_table("变量 variable", "值 value", "来自 from", title=title)
    for variable, setting in rows.items():
        table.add_row(variable, escape(str(setting.value)), setting.origin)
    return table


def _list_unknown() -> Iterator[str]:
    """A misspelt variable changes nothing: here it is named."""
    existing = {f"{PREFIX}{f.upper()}" for n in NAMES for f in find_settings_class(n).model_fields}
    for variable in sorted(v for v in os.environ if v.startswith(PREFIX)):
        is_secret_file = variable.removesuffix(FILE_SUFFIX) in existing
        if variable not in existing | COMMANDS_OWN and not is_secret_file:
            near = difflib.get_close_matches(variable, existing, 1)
            hint = f"，是否 did you mean {near[0]}?" if near else ""
            yield f"没有这个设置 no such setting: {variable}{hint}"
