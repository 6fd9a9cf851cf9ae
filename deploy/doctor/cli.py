"""`guanjia doctor`: its table, and its exit code."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from deploy.commands.services import NAMES
from deploy.commands.status import check_health
from deploy.commands.tables import make_console, make_table
from deploy.doctor import brokers, database, machine
from deploy.doctor.findings import WORDS, Finding, Level, is_well
from deploy.front.settings import FrontSettings
from deploy.local.stack_file import RunningStack, find_running_stack
from shared.client import find_data_dir, find_secrets_dir
from shared.clock import system_now
from shared.messaging.connection import BrokerConnection
from shared.settings import Settings, load_settings

COLOURS: dict[Level, str] = {"well": "green", "soon": "yellow", "wrong": "red", "unseen": "dim"}


def print_findings(
    data_dir: Annotated[Path | None, typer.Option(help="数据目录 the stack's data folder")] = None,
) -> None:
    """检查运行中的系统并说明怎么办；有问题则退出码为 1。Checks everything and says what to do."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the table says it
    folder = data_dir or find_data_dir()
    stack = find_running_stack(folder)
    rows = make_table("检查 what", "结果 how", "状态 state", "怎么办 what to do")
    findings = [*_examine(folder, stack, find_secrets_dir(data_dir))]
    for each in findings:
        word = f"[{COLOURS[each.level]}]{WORDS[each.level]}[/]"
        rows.add_row(each.subject, word, each.state, each.advice)
    make_console().print(rows)
    wrong = sum(each.level == "wrong" for each in findings)
    soon = sum(each.level == "soon" for each in findings)
    typer.echo(f"共 {len(findings)} 项：{wrong} 项有问题 wrong，{soon} 项要注意 soon")
    if wrong:
        raise typer.Exit(1)


def _examine(folder: Path, stack: RunningStack | None, secrets_dir: Path) -> Iterator[Finding]:
    settings = load_settings(FrontSettings)
    yield from _examine_machine(folder, secrets_dir, settings)
    uri = stack.mongo_uri if stack else settings.mongo_uri
    yield from _examine_database(uri, settings, is_local=stack is not None)
    connection = BrokerConnection.from_settings(settings)
    if stack:
        connection = replace(connection, bootstrap=stack.kafka_bootstrap)
    yield from asyncio.run(_examine_brokers(connection, settings))
    yield from _examine_services(stack)


def _examine_machine(folder: Path, secrets_dir: Path, settings: FrontSettings) -> Iterator[Finding]:
    yield machine.check_calendar(system_now())
    yield machine.check_disk(folder)
    if (folder / "ledger").is_dir():
        yield machine.check_folder_is_written(folder / "ledger")
    yield machine.check_keys(secrets_dir)
    files = [each for each in (settings.front_cert_file, settings.kafka_ca_file) if each]
    yield from machine.check_certificates(files, system_now())
    if settings.kafka_tls:
        yield from _examine_broker_certificates(settings)


def _examine_broker_certificates(settings: Settings) -> Iterator[Finding]:
    for address in settings.kafka_bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        try:
            end = machine.read_peer_certificate(host, int(port)).not_valid_after_utc
        except (OSError, ValueError) as error:
            yield Finding(f"证书 {address}", "wrong", str(error), "启动这个 broker，看它的证书。")
        else:
            yield machine.check_certificate_end(address, end, system_now())


def _examine_database(uri: str, settings: Settings, *, is_local: bool) -> Iterator[Finding]:
    with database.connect(uri) as client:
        try:
            asked_at = system_now()
            hello = database.read_hello(client)
            yield machine.check_clock(asked_at, system_now(), hello["localTime"])
            yield database.check_replica_set(hello, is_local)
            yield from database.check_members(hello, client)
            yield from database.check_outboxes(client, settings.mongo_prefix, hello["localTime"])
        except database.PyMongoError as error:
            yield database.explain_absence(error)


async def _examine_brokers(connection: BrokerConnection, settings: Settings) -> list[Finding]:
    try:
        state = await brokers.read_cluster(connection)
    except (KafkaError, OSError) as error:
        return [brokers.explain_absence(error)]
    return [*brokers.check_cluster(state, settings.replication_factor)]


def _examine_services(stack: RunningStack | None) -> Iterator[Finding]:
    for name, _address, state, ready in check_health(stack):
        # Of broker and database only that the process is there: how they are was looked at above.
        if name not in NAMES and ready:
            yield is_well(f"进程 {name}", state)
        elif ready:
            yield is_well(f"服务 {name}", state)
        else:
            advice = f"看 {name} 的日志（docs/runbooks/alerts/ServiceNotReady.md）。"
            yield Finding(f"服务 {name}", "wrong", state, advice)
