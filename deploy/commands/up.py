"""`guanjia up`: the whole stack on this machine, until Ctrl-C."""

import asyncio
import os
import signal
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.commands import tables
from deploy.commands.services import NAMES, find_settings_class, use_environment
from deploy.kafka.jars import ToolMissingError
from deploy.local.external import check_external
from deploy.local.parts import PartMissingError
from deploy.local.ports import LOOPBACK
from deploy.local.runner import PartFailedError
from deploy.local.stack import SERVICES, BrokerKind, PortInUseError, Stack, StackOptions
from deploy.local.stack_file import BROKERS, DataDirInUseError
from shared.client import find_data_dir
from shared.settings import PREFIX, load_settings

REFUSALS = (
    PartMissingError,
    PartFailedError,
    PortInUseError,
    DataDirInUseError,
    ToolMissingError,
)

MESH_LIMIT = (
    "内存消息服务不支持 kcat、confluent-kafka 等 librdkafka 客户端；需要时请加 --broker kafka · "
    "the in-memory broker does not speak to kcat and other librdkafka clients: --broker kafka does"
)

BROKER_OPEN = (
    "这里启动的消息服务只在本机监听、不要密码：本机的任何用户都能读写其中的个人信息 · "
    "the broker started here listens on loopback and asks for no password: anyone on this machine "
    "can read and write what is on it, personal data included"
)


def run_stack(
    data_dir: Annotated[
        Path | None, typer.Option(help="数据目录 where data, logs and secrets are kept")
    ] = None,
    broker: Annotated[
        BrokerKind | None, typer.Option(help="mesh: 内存 in memory; kafka: Apache Kafka")
    ] = None,
    brokers: Annotated[
        int | None,
        typer.Option(help="Apache Kafka 几个：1 或 3；三个里坏一个不停 how many, 1 or 3"),
    ] = None,
    kafka: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="已有的 Kafka an existing Kafka")
    ] = None,
    mongo: Annotated[
        str | None, typer.Option(metavar="URI", help="已有的 MongoDB an existing replica set")
    ] = None,
    host: Annotated[str, typer.Option(help="服务监听地址 where services listen")] = LOOPBACK,
    port: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=N",
            help="端口，可重复；缺省自选 a part's port; repeatable; default: a free one",
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="由你自己启动的服务，可重复 a service you start yourself; repeatable",
        ),
    ] = None,
    backing: Annotated[
        bool, typer.Option(help="只启动消息服务和数据库 only broker and database, for a restore")
    ] = False,
    instances: Annotated[
        int, typer.Option(min=1, max=6, help="每个服务几个实例 how many of each service")
    ] = 1,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="设置，可重复 a setting; repeatable"),
    ] = None,
) -> None:
    """启动全套，直到 Ctrl-C。Starts everything, until Ctrl-C."""
    options = StackOptions(
        data_dir=(data_dir or find_data_dir()).absolute(),
        broker=broker,
        brokers=check_brokers(brokers, broker, kafka),
        kafka=kafka,
        mongo=mongo,
        ports=parse_ports(port or ()),
        host=host,
        settings_env=parse_settings(set_ or ()),
        services=() if backing else SERVICES,
        without=parse_names(without or ()),
        instances=instances,
    )
    console = tables.make_console()
    try:
        asyncio.run(check_external(kafka, mongo))
        stack = Stack(options, announce=partial(_announce, console))
        asyncio.run(_run_until_signal(stack, console))
    except REFUSALS as refusal:
        raise SystemExit(str(refusal)) from None


def _announce(console: Console, line: str) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)


async def _run_until_signal(stack: Stack, console: Console) -> None:
    stop_requested = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop_requested.set)
    console.print("正在启动… starting …")
    if not await _start(stack, stop_requested):
        return
    watching = asyncio.create_task(stack.watch())
    try:
        print_parts(stack, console)
        await stop_requested.wait()
        console.print("正在停止… stopping …")
    finally:
        await stack.stop()
        await watching
    console.print("已停止 stopped")


async def _start(stack: Stack, stop_requested: asyncio.Event) -> bool:
    """False when a stop was requested before everything was up; then nothing runs."""
    starting = asyncio.create_task(stack.start())
    waiting = asyncio.create_task(stop_requested.wait())
    await asyncio.wait((starting, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not starting.done():
        starting.cancel()
    try:
        await starting
    except asyncio.CancelledError:
        return False
    return True


def print_parts(stack: Stack, console: Console) -> None:
    """One table of what runs, and where the secrets are."""
    table = tables.make_table("部件 part", "地址 address", "日志 log", title="莞家 Guanjia")
    for name, address, log_file in stack.list_rows():
        table.add_row(name, address, str(log_file or "你的终端 your terminal"))
    console.print(table)
    if stack.options.broker_kind == "mesh":
        console.print(MESH_LIMIT, soft_wrap=True, highlight=False)
    if not stack.options.kafka:
        console.print(BROKER_OPEN, soft_wrap=True, highlight=False)
    print_address(stack, console)
    console.print(f"数据 data: {stack.data_dir}", soft_wrap=True, highlight=False)
    console.print(
        f"密钥与凭证 keys and tokens: {stack.secrets_dir} (<id>.token)",
        soft_wrap=True,
        highlight=False,
    )
    console.print("按 Ctrl-C 停止 · Ctrl-C stops everything")


def print_address(stack: Stack, console: Console) -> None:
    """The one that people open."""
    if stack.public_url:
        console.print(f"[bold]打开 open: {stack.public_url}[/]", soft_wrap=True, highlight=False)
        console.print(
            "工作人员登录 staff sign in: guanjia accounts invite ID (approver-town, operator …)",
            soft_wrap=True,
            highlight=False,
        )


def check_brokers(brokers: int | None, broker: BrokerKind | None, kafka: str | None) -> int:
    if brokers is None:
        return 1
    if brokers not in (1, 3) or broker == "mesh" or kafka:
        raise typer.BadParameter(
            "1 或 3 个在此启动的 Apache Kafka · 1 or 3 of Apache Kafka, started here",
            param_hint="--brokers",
        )
    return brokers


def parse_ports(pairs: list[str] | tuple[()]) -> dict[str, int]:
    names = (*BROKERS, "mongod", *SERVICES)
    ports = {}
    for pair in pairs:
        name, _, number = pair.partition("=")
        if name not in names or not number.isdigit() or not 0 < int(number) < 65536:
            raise typer.BadParameter(
                f"{pair!r}: NAME=N，NAME 为 one of {', '.join(names)}；N 为 1..65535",
                param_hint="--port",
            )
        ports[name] = int(number)
    return ports


def parse_settings(pairs: list[str] | tuple[()]) -> dict[str, str]:
    """KEY as `GUANJIA_LOG_LEVEL` or `log_level`. Everything is checked before anything starts."""
    fields = {field for name in NAMES for field in find_settings_class(name).model_fields}
    env = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        field = key.lower().removeprefix(PREFIX.lower())
        if not equals or field not in fields:
            raise typer.BadParameter(
                f"{pair!r}: 没有这个设置 no such setting (guanjia config)", param_hint="--set"
            )
        env[f"{PREFIX}{field.upper()}"] = value
    with use_environment({**os.environ, **env}):
        for name in NAMES:
            load_settings(find_settings_class(name))
    return env


def parse_names(names: list[str] | tuple[()]) -> frozenset[str]:
    for name in names:
        if name not in SERVICES:
            raise typer.BadParameter(
                f"{name!r}: one of {', '.join(SERVICES)}", param_hint="--without"
            )
    return frozenset(names)
