"""`guanjia up`: the whole stack on this machine, until Ctrl-C."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.commands import tables
from deploy.commands.services import NAMES, environment, find_settings_class
from deploy.kafka.jars import ToolMissingError
from deploy.local.parts import PartMissingError
from deploy.local.ports import LOOPBACK
from deploy.local.runner import PartFailedError
from deploy.local.stack import SERVICES, BrokerKind, PortInUseError, Stack, StackOptions
from deploy.local.stack_file import DataDirInUseError
from shared.client import default_data_dir
from shared.settings import PREFIX, load_settings

REFUSALS = (
    PartMissingError,
    PartFailedError,
    PortInUseError,
    DataDirInUseError,
    ToolMissingError,
)


def up(
    data_dir: Annotated[
        Path | None, typer.Option(help="数据目录 where data, logs and secrets are kept")
    ] = None,
    broker: Annotated[
        BrokerKind | None, typer.Option(help="mesh: 内存 in memory; kafka: Apache Kafka")
    ] = None,
    kafka: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="已有的 Kafka an existing one")
    ] = None,
    mongo: Annotated[
        str | None, typer.Option(metavar="URI", help="已有的 MongoDB an existing replica set")
    ] = None,
    host: Annotated[str, typer.Option(help="服务监听地址 where services listen")] = LOOPBACK,
    port: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=N", help="端口，可重复；缺省自选 repeatable; free ones if not"),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="设置，可重复 a setting; repeatable"),
    ] = None,
) -> None:
    """启动代理、数据库、模拟器与四个服务，直到 Ctrl-C。Starts everything, until Ctrl-C."""
    options = StackOptions(
        data_dir=(data_dir or default_data_dir()).absolute(),
        broker=broker,
        kafka=kafka,
        mongo=mongo,
        ports=read_ports(port or ()),
        host=host,
        settings_env=read_settings(set_ or ()),
    )
    console = tables.console()
    try:
        stack = Stack(options, announce=lambda line: console.print(line, highlight=False))
        asyncio.run(_until_told(stack, console))
    except REFUSALS as refusal:
        raise SystemExit(str(refusal)) from None


async def _until_told(stack: Stack, console: Console) -> None:
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    console.print("正在启动… starting …")
    if not await _started(stack, told):
        return
    watching = asyncio.create_task(stack.watch())
    try:
        show(stack, console)
        await told.wait()
        console.print("正在停止… stopping …")
    finally:
        await stack.stop()
        await watching
    console.print("已停止 stopped")


async def _started(stack: Stack, told: asyncio.Event) -> bool:
    """False when told to stop before everything was up; then nothing runs."""
    starting = asyncio.create_task(stack.start())
    waiting = asyncio.create_task(told.wait())
    await asyncio.wait((starting, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not starting.done():
        starting.cancel()
    try:
        await starting
    except asyncio.CancelledError:
        return False
    return True


def show(stack: Stack, console: Console) -> None:
    """One table of what runs, and where the secrets are."""
    table = tables.table("部件 part", "地址 address", "日志 log", title="莞家 Guanjia")
    for name, address, log_file in stack.rows():
        table.add_row(name, address, str(log_file))
    console.print(table)
    console.print(f"数据 data: {stack.data_dir}", soft_wrap=True, highlight=False)
    console.print(
        f"密钥与凭证 keys and tokens: {stack.secrets_dir} (<id>.token)",
        soft_wrap=True,
        highlight=False,
    )
    console.print("按 Ctrl-C 停止 · Ctrl-C stops everything")


def read_ports(given: list[str] | tuple[()]) -> dict[str, int]:
    names = ("broker", "mongod", *SERVICES)
    ports = {}
    for pair in given:
        name, _, number = pair.partition("=")
        if name not in names or not number.isdigit() or not 0 < int(number) < 65536:
            raise typer.BadParameter(
                f"{pair!r}: NAME=N，NAME 为 one of {', '.join(names)}；N 为 1..65535",
                param_hint="--port",
            )
        ports[name] = int(number)
    return ports


def read_settings(given: list[str] | tuple[()]) -> dict[str, str]:
    """KEY as `GUANJIA_LOG_LEVEL` or `log_level`. Everything is checked before anything starts."""
    known = {field for name in NAMES for field in find_settings_class(name).model_fields}
    env = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        field = key.lower().removeprefix(PREFIX.lower())
        if not equals or field not in known:
            raise typer.BadParameter(
                f"{pair!r}: 没有这个设置 no such setting (guanjia config)", param_hint="--set"
            )
        env[f"{PREFIX}{field.upper()}"] = value
    with environment({**os.environ, **env}):
        for name in NAMES:
            load_settings(find_settings_class(name))
    return env
