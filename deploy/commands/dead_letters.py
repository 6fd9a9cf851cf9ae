"""`guanjia dead-letters`: what could not be worked, with its reason; replay it or discard it."""

import json
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

import typer
from rich.markup import escape

from deploy.commands.services import SERVICES, Service
from deploy.commands.tables import make_console, make_table
from shared.client import ServiceClient, ServiceError
from shared.documents import Document

app = typer.Typer(help="死信 Dead letters.", no_args_is_help=True)
Of = Annotated[
    Service | None, typer.Option("--service", help="哪个服务；缺省全部 which service; default: all")
]
Id = Annotated[str, typer.Argument(metavar="ID", help="死信编号 the dead letter's id")]


@app.command("list")
def list_(
    service: Of = None,
    state: Annotated[
        Literal["open", "replayed", "discarded"], typer.Option(help="状态 which")
    ] = "open",
) -> None:
    """列出死信及原因，不含内容。Lists them with reasons, without content."""
    rows = make_table("编号 id", "服务 service", "时间 stored", "来自 from", "原因 why")
    for name in _select_services(service):
        for letter in ServiceClient(name).get("/dead-letters", {"state": state, "limit": 1000}):
            rows.add_row(
                letter["id"],
                name,
                _format_time(letter),
                _format_origin(letter),
                _format_reason(letter),
            )
    if rows.row_count:
        make_console().print(rows)
    else:
        typer.echo("没有死信 no dead letters")


@app.command()
def show(id_: Id, service: Of = None) -> None:
    """显示一条死信的内容（可能含个人信息，会留痕）。Shows its content; logged."""
    name, letter = _find(id_, service)
    typer.echo(json.dumps({"service": name, **letter}, ensure_ascii=False, indent=2))


@app.command()
def replay(id_: Id, service: Of = None) -> None:
    """按现在的程序重新处理。Processes it again with the current code."""
    _settle(id_, service, "replay", "已重新处理 replayed")


@app.command()
def discard(id_: Id, service: Of = None) -> None:
    """放弃，其后的事件继续。Skips it; later events of its subject go on."""
    _settle(id_, service, "discard", "已放弃 discarded")


def _settle(id_: str, service: Service | None, action: str, text: str) -> None:
    name, _ = _find(id_, service)
    ServiceClient(name).post(f"/dead-letters/{id_}/{action}")
    typer.echo(f"{text}: {name} {id_}")


def _find(id_: str, service: Service | None) -> tuple[str, dict[str, object]]:
    """(service, letter). Raises ServiceError when no service has it."""
    absent: ServiceError | None = None
    for name in _select_services(service):
        try:
            return name, ServiceClient(name).get(f"/dead-letters/{id_}")
        except ServiceError as error:
            if error.status != 404:
                raise
            absent = error
    assert absent is not None
    raise absent


def _select_services(service: Service | None) -> Iterable[str]:
    return (service,) if service else SERVICES


def _format_time(letter: dict[str, object]) -> str:
    return str(letter["stored_at"])[:19].replace("T", " ")


def _format_origin(letter: dict[str, object]) -> str:
    return escape(f"{letter['topic']}/{letter['partition']}@{letter['offset']}")


def _format_reason(letter: dict[str, object]) -> str:
    return "\n".join(_list_reasons(letter))


def _list_reasons(letter: Document) -> Iterator[str]:
    if letter["bug"]:
        yield "程序缺陷 bug"
    for problem in letter["problems"]:
        field = f"{problem['field']}: " if problem.get("field") else ""
        yield escape(f"{field}{problem['zh']} {problem['en']}")
