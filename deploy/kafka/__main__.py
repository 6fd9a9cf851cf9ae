"""`python -m deploy.kafka`: one broker in the foreground, until Ctrl-C."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from deploy.kafka.jars import ToolMissingError
from deploy.local.parts import build_kafka
from deploy.local.ports import find_free_port
from deploy.local.runner import PartFailedError
from deploy.local.supervisor import Supervisor


def main(
    data_dir: Annotated[Path, typer.Option(help="数据目录 · where data is kept")],
    port: Annotated[int | None, typer.Option(help="端口，缺省自选 · chosen if not given")] = None,
) -> None:
    try:
        asyncio.run(_run(data_dir, port or find_free_port()))
    except (PartFailedError, ToolMissingError) as error:
        raise SystemExit(str(error)) from None


async def _run(data_dir: Path, port: int) -> None:
    part = build_kafka(data_dir, port, data_dir / "logs" / "broker.log")
    supervisor = Supervisor([[part]], announce=typer.echo)
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await supervisor.start()
    typer.echo(f"{part.address}  {part.log_file}")
    watching = asyncio.create_task(supervisor.watch())
    await stopping.wait()
    await supervisor.stop()
    await watching


if __name__ == "__main__":
    typer.run(main)
