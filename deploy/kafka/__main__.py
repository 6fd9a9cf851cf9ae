"""`python -m deploy.kafka`: one broker or three in the foreground, until Ctrl-C."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from deploy.kafka.jars import ToolMissingError
from deploy.local.parts import build_brokers
from deploy.local.ports import find_free_port
from deploy.local.runner import PartFailedError
from deploy.local.stack_file import BROKERS
from deploy.local.supervisor import Supervisor


def main(
    data_dir: Annotated[Path, typer.Option(help="数据目录 · where data is kept")],
    brokers: Annotated[int, typer.Option(help="几个：1 或 3 · how many, 1 or 3")] = 1,
    port: Annotated[
        list[int] | None,
        typer.Option(help="端口，可重复，缺省自选 · repeatable, chosen if not given"),
    ] = None,
) -> None:
    chosen = [*(port or ()), *(find_free_port() for _ in range(brokers))][:brokers]
    if brokers not in (1, 3):
        raise typer.BadParameter("1 或 3：两个里坏一个就停 · 1 or 3", param_hint="--brokers")
    try:
        asyncio.run(_run(data_dir, chosen))
    except (PartFailedError, ToolMissingError) as error:
        raise SystemExit(str(error)) from None


async def _run(data_dir: Path, ports: list[int]) -> None:
    parts = build_brokers(data_dir, dict(zip(BROKERS, ports, strict=False)), data_dir / "logs")
    supervisor = Supervisor([parts], announce=typer.echo)
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await supervisor.start()
    for part in parts:
        typer.echo(f"{part.address}  {part.log_file}")
    watching = asyncio.create_task(supervisor.watch())
    await stopping.wait()
    await supervisor.stop()
    await watching


if __name__ == "__main__":
    typer.run(main)
