"""`guanjia status`: is what runs healthy."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.markup import escape

from deploy.commands.services import NAMES
from deploy.commands.tables import make_console, make_table
from deploy.local.stack_file import BROKERS, RunningStack, find_running_stack
from shared.client import find_data_dir
from shared.documents import Document

TIMEOUT_S = 3.0
Row = tuple[str, str, str, bool]


def print_status(
    data_dir: Annotated[Path | None, typer.Option(help="数据目录 the stack's data folder")] = None,
) -> None:
    """各部件是否正常；否则退出码为 1。Health of the stack; exit code 1 if unhealthy."""
    folder = data_dir or find_data_dir()
    stack = find_running_stack(folder)
    rows = [*check_health(stack)]
    if not rows:
        raise SystemExit(f"{folder} 没有运行中的莞家 · nothing runs on {folder} (guanjia up)")
    rendered = make_table("部件 part", "地址 address", "状态 state")
    for name, address, state, is_well in rows:
        rendered.add_row(name, address, f"[{'green' if is_well else 'red'}]{state}[/]")
    make_console().print(rendered)
    if stack:
        typer.echo(f"日志 logs: {stack.log_dir}\n密钥 secrets: {stack.secrets_dir}")
    if not all(is_well for *_, is_well in rows):
        raise typer.Exit(1)


def check_health(stack: RunningStack | None) -> Iterator[Row]:
    """Part, address, state, and whether it is well."""
    return _check_stack(stack) if stack else _check_addresses()


def _check_stack(stack: RunningStack) -> Iterator[Row]:
    """Broker and database as processes; the services answer whether they can use them."""
    yield from _check_brokers(stack)
    yield _check_process(stack, "mongod", _format_mongo(stack))
    for name, url in stack.urls.items():
        yield from _check_service(name, url)


def _check_addresses() -> Iterator[Row]:
    """Services that somebody else started, where the environment says."""
    for name in NAMES:
        url = os.environ.get(f"GUANJIA_{name.upper()}_URL")
        if url:
            yield from _check_service(name, url)


def _check_brokers(stack: RunningStack) -> Iterator[Row]:
    """One line for brokers that are not ours; of ours each by itself, the lost one too."""
    if stack.pids.keys().isdisjoint(BROKERS):
        yield _check_process(stack, "broker", stack.kafka_bootstrap)
        return
    for name, address in zip(BROKERS, stack.kafka_bootstrap.split(","), strict=False):
        if name in stack.pids:
            yield _check_process(stack, name, address)
        else:
            yield name, address, "没有运行 not running", False


def _check_process(stack: RunningStack, name: str, address: str) -> Row:
    pid = stack.pids.get(name)
    if pid is None:
        return name, address, "外部 not ours", True
    is_alive = _is_alive(pid)
    return name, address, f"pid {pid}" if is_alive else "没有运行 not running", is_alive


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _format_mongo(stack: RunningStack) -> str:
    """Without user and password."""
    return stack.mongo_uri.rpartition("@")[2].removeprefix("mongodb://").partition("/")[0]


def _check_service(name: str, url: str) -> Iterator[Row]:
    try:
        answer = httpx.get(f"{url}/health/ready", timeout=TIMEOUT_S, trust_env=False)
    except httpx.HTTPError:
        yield name, url, "没有应答 does not answer", False
        return
    body = _read_body(answer)
    if answer.is_success:
        yield name, url, "就绪 ready", True
    else:
        reason = body.get("reason", answer.reason_phrase)
        yield name, url, f"未就绪 not ready: {escape(str(reason))}", False
    for trouble in body.get("logs", ()):
        state = LOG_STATES.get(trouble["state"], trouble["state"])
        yield trouble["log"], "", f"{state}: {escape(trouble['reason'])}", False


LOG_STATES = {
    "stopped": "账本停止公布 this log is published no more",
    "unwritable": "账本目录写不进去 this log's folder cannot be written",
    "database_differs": "账本与数据库不符 this log and the database differ",
    "waits_for_witnesses": "账本等待见证 this log waits for its witnesses",
}


def _read_body(answer: httpx.Response) -> Document:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
