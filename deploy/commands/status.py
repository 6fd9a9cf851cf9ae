"""`guanjia status`: is what runs healthy."""

import os
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.table import Table

from deploy.local.running import RunningStack, running_stack
from shared.client import default_data_dir

ASK_S = 3.0
Row = tuple[str, str, str, bool]


def status(
    data_dir: Annotated[Path | None, typer.Option(help="数据目录 of which stack")] = None,
) -> None:
    """各部件是否正常；有异常时退出码为 1。Health of the running stack; exit code 1 if not all well."""
    folder = data_dir or default_data_dir()
    stack = running_stack(folder)
    if stack is None:
        raise SystemExit(f"{folder} 没有运行中的莞家 · nothing runs on {folder} (guanjia up)")
    rows = [*_backing(stack), *(_service(stack, name) for name in stack.urls)]
    table = Table("部件 part", "地址 address", "状态 state")
    for name, address, state, well in rows:
        table.add_row(name, address, f"[{'green' if well else 'red'}]{state}[/]")
    Console().print(table)
    console_line = f"数据 data: {folder}\n日志 logs: {stack.log_dir}\n密钥 secrets: {stack.secrets_dir}"
    typer.echo(console_line)
    if not all(well for *_, well in rows):
        raise typer.Exit(1)


def _backing(stack: RunningStack) -> list[Row]:
    """Broker and database, where they are ours; the services say whether they can use them."""
    return [
        _process(stack, name, address)
        for name, address in (("broker", stack.kafka_bootstrap), ("mongod", _mongo(stack)))
    ]


def _process(stack: RunningStack, name: str, address: str) -> Row:
    pid = stack.pids.get(name)
    if pid is None:
        return name, address, "外部 not ours", True
    alive = _alive(pid)
    return name, address, f"pid {pid}" if alive else "没有运行 not running", alive


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _mongo(stack: RunningStack) -> str:
    """Without user and password."""
    return stack.mongo_uri.rpartition("@")[2].removeprefix("mongodb://").partition("/")[0]


def _service(stack: RunningStack, name: str) -> Row:
    url = stack.urls[name]
    try:
        answer = httpx.get(f"{url}/health/ready", timeout=ASK_S, trust_env=False)
    except httpx.HTTPError:
        return name, url, "没有应答 does not answer", False
    if answer.is_success:
        return name, url, "就绪 ready", True
    reason = answer.json().get("reason", answer.reason_phrase)
    return name, url, f"未就绪 not ready: {reason}", False
