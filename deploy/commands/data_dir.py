"""`--data-dir`, which every command takes: on which stack's folder it works.

A command that does something of its own with the folder declares it; all others get it here.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from shared.lazy_commands import LazyGroup

PREFIX = "GUANJIA_"
SERVICES = ("simulators", "intake", "matching", "notify", "audit", "front")
# What else leads a command to a stack: the folder that is named by hand knows better.
OVERRIDDEN = frozenset(
    {
        f"{PREFIX}SECRETS_DIR",
        f"{PREFIX}TOKEN",
        *(f"{PREFIX}{name.upper()}_URL" for name in SERVICES),
    }
)


def add_data_dir(command: Any) -> Any:
    """The command, or each command of the group, with the option where it has none."""
    if isinstance(command, LazyGroup):
        command.finish = add_data_dir
        return command
    commands = getattr(command, "commands", None)
    for each in (commands or {}).values():
        add_data_dir(each)
    if commands is None and not has_data_dir(command):
        command.params.append(_build_option())
    return command


def has_data_dir(command: Any) -> bool:
    return any("--data-dir" in param.opts for param in command.params)


def _build_option() -> Any:
    """As Typer builds it for a command that declares it."""
    app = typer.Typer(add_completion=False)
    app.command()(_declare)
    return typer.main.get_command(app).params[0]


def _use(context: typer.Context, folder: Path | None) -> None:
    if folder is not None:
        context.with_resource(use_folder(folder))


def _declare(
    data_dir: Annotated[
        Path | None,
        typer.Option(
            help="数据目录 the stack's data folder",
            callback=_use,
            is_eager=True,
            expose_value=False,
        ),
    ] = None,
) -> None: ...


@contextmanager
def use_folder(folder: Path) -> Iterator[None]:
    """What runs within it finds this folder, whatever the environment says."""
    before = {name: os.environ.pop(name, None) for name in (f"{PREFIX}DATA_DIR", *OVERRIDDEN)}
    os.environ[f"{PREFIX}DATA_DIR"] = str(folder.absolute())
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
