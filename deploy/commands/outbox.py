"""`guanjia outbox`: what waits to be published, and sending a subject's events again."""

from typing import Annotated

import typer

from deploy.commands.services import SERVICES, Service
from deploy.commands.tables import make_console, make_table
from shared.client import ServiceClient

app = typer.Typer(help="待发事件 Outbox.", no_args_is_help=True)


@app.command("status")
def print_waiting() -> None:
    """各服务尚未发布的批次数。How many batches each service has still to publish."""
    rows = make_table("服务 service", "待发 waiting")
    for name in SERVICES:
        rows.add_row(name, str(ServiceClient(name).get("/outbox")["waiting"]))
    make_console().print(rows)


@app.command()
def resend(
    subject: Annotated[str, typer.Argument(help="编号 such as R-… or M-…")],
    service: Annotated[Service, typer.Option(help="由哪个服务发布 who publishes it")],
) -> None:
    """重发一个编号的全部事件，填补缺口；重复无害。Fills a gap; whoever has them drops them."""
    sent = ServiceClient(service).post("/outbox/resend", {"subject": subject})["sent"]
    typer.echo(f"已重发 sent {sent}: {subject}")
    if not sent:
        raise typer.Exit(1)
