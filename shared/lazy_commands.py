"""A Typer group that imports a command's module only when that command is called.

So `guanjia audit verify` and every `--help` work with the base dependencies alone.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

OWN_PACKAGES = ("deploy", "services", "shared")


@dataclass(frozen=True, slots=True)
class Lazy:
    """help: for the list of commands; empty imports the command to ask it.
    modules: tried in order, the first that has it. attribute: a Typer app, or a function.
    command: a command of that app, by name; empty takes the whole app.
    """

    help: str
    modules: tuple[str, ...]
    attribute: str = "app"
    command: str = ""


class LazyGroup(TyperGroup):
    """Subclasses name their commands in COMMANDS, in the order of the help.

    finish: what becomes of each command that was imported, such as an option that all have.
    """

    COMMANDS: ClassVar[dict[str, Lazy]] = {}

    finish: Callable[[Any], Any] | None = None

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return list(self.COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """For listing."""
        lazy = self.COMMANDS.get(cmd_name)
        if lazy is None:
            return None
        return TyperCommand(cmd_name, help=lazy.help) if lazy.help else self.load(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name = args[0]
        return (
            (name, self.load(name), args[1:])
            if name in self.COMMANDS
            else super().resolve_command(ctx, args)
        )

    def load(self, name: str) -> Any:
        """The real command. Raises SystemExit, in one line, when something is not installed."""
        command = _import_command(name, self.COMMANDS[name])
        return self.finish(command) if self.finish else command


def _import_command(name: str, lazy: Lazy) -> Any:
    missing = ""
    for module in lazy.modules:
        try:
            target = getattr(importlib.import_module(module), lazy.attribute)
        except ModuleNotFoundError as error:
            missing = str(error.name)
            if missing.partition(".")[0] not in OWN_PACKAGES:
                raise SystemExit(_explain_not_installed(name, missing)) from None
            continue
        loaded = _select_command(name, target, lazy.command)
        if loaded is not None:
            return loaded
    raise SystemExit(f"没有 {name} 命令的程序 · {name} is not there: {missing or lazy.modules}")


def _select_command(name: str, target: Any, command_name: str) -> Any:
    app = target if isinstance(target, typer.Typer) else _build_app(name, target)
    command = typer.main.get_command(app)
    if not command_name:
        command.name = name
        return command
    return getattr(command, "commands", {}).get(command_name)


def _build_app(name: str, function: Callable[..., object]) -> typer.Typer:
    app = typer.Typer(add_completion=False)
    app.command(name)(function)
    return app


def _explain_not_installed(name: str, module: str) -> str:
    return (
        f"guanjia {name} 需要 {module}：pip install 'guanjia[services,embedded]' · "
        f"guanjia {name} needs {module}: pip install 'guanjia[services,embedded]'"
    )
