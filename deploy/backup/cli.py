"""The commands: what was taken or put back, in Chinese and English, and what is missing."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import pyrage  # type: ignore[import-untyped]
import typer
from rich.table import Table

from deploy.backup.making import Manifest, make_backup
from deploy.backup.oplog import count_published_later, find_end, roll_forward
from deploy.backup.restoring import (
    OUTBOX,
    POSITIONS,
    RestoreError,
    check_backup,
    check_database_is_empty,
    check_identities,
    check_is_empty,
    restore_database,
    restore_databases,
    restore_ledger,
)
from deploy.backup.snapshot import Client, PyMongoError, SnapshotError, connect
from deploy.backup.topics import (
    BrokersLeft,
    KafkaError,
    Transient,
    look_at_brokers,
    remove_own_topics,
)
from deploy.commands.key_backup import Folders, parse_recipients, read_identities
from deploy.commands.services import Service
from deploy.commands.tables import make_console, make_table
from deploy.local.stack_file import find_running_stack
from shared.client import find_data_dir
from shared.contracts.topics import SERVICES
from shared.contracts.values import CHINA
from shared.messaging.connection import BrokerConnection
from shared.settings import Settings, load_settings

DataDir = Annotated[Path | None, typer.Option(help="数据目录 the stack's data folder")]


def write_backup(
    to: Annotated[Path, typer.Argument(help="新目录 a new folder")],
    recipient: Annotated[
        list[str], typer.Option(help="age 公钥，可重复 age1…, any of them opens it; repeatable")
    ],
    data_dir: DataDir = None,
) -> None:
    """备份四个数据库和账本，同一时刻，不停机；密钥另存。Backs up all at one moment."""
    folder, recipients = data_dir or find_data_dir(), parse_recipients(recipient)
    if to.exists():
        raise SystemExit(f"{to} 已存在 · is there already")
    try:
        with _connect(folder) as client:
            prefix = load_settings(Settings).mongo_prefix
            manifest = make_backup(client, prefix, folder / "ledger", to, recipients)
    except (SnapshotError, PyMongoError, OSError) as error:
        raise SystemExit(f"没有备份成 · no backup: {error}") from None
    documents = sum(sum(each.values()) for each in manifest.documents.values())
    typer.echo(
        f"已备份到 {to}：{documents} 份文档，"
        f"{manifest.ledger_files} 个账本文件，时刻 {manifest.moment}。\n"
        "密钥和删除名单不在其中：guanjia keys backup，与本备份分开存放，每天至少一次。\n"
        f"{documents} documents, {manifest.ledger_files} ledger files, of {manifest.moment}. "
        "Keys and erasures are not in it: `guanjia keys backup`, to another place, every day."
    )


def restore(
    folder: Annotated[Path, typer.Argument(help="备份目录 the backup")],
    identity: Annotated[Path, typer.Option(help="age 私钥文件 the age identity")],
    only: Annotated[
        Service | None,
        typer.Option(help="只恢复这个服务的数据库，直到丢失前一刻 its database alone, whole"),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(help="与 --only 一起：恢复到哪一刻，北京时间 with --only: China's time"),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            help="与 --until 一起：其后发布过的不要了 with --until: gives up what was sent since"
        ),
    ] = False,
    empty_topics: Annotated[
        bool, typer.Option(help="清空我方主题 remove our own topics; services create them again")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """恢复到空的数据库和账本目录；服务须未启动。Onto empty databases, with all services stopped."""
    target = data_dir or find_data_dir()
    identities = read_identities(identity)
    try:
        manifest = check_backup(folder)
        with _connect(target) as client:
            if only:
                _restore_one(client, manifest, folder, identities, only, until, is_forced=force)
            else:
                # Nothing is removed before it is certain that it can be put back.
                check_is_empty(client, manifest.prefix, target / "ledger")
                check_identities(folder, identities)
                brokers = asyncio.run(_find_brokers(target, empties=empty_topics))
                erasures = Folders.find(data_dir).erasures
                _restore_all(client, manifest, folder, identities, target, erasures, brokers)
    except pyrage.DecryptError:
        raise SystemExit("这把 age 私钥打不开 · this identity does not open it") from None
    except (RestoreError, PyMongoError, KafkaError, OSError) as error:
        raise SystemExit(f"没有恢复 · not restored: {error}") from None


def _restore_one(
    client: Client,
    manifest: Manifest,
    folder: Path,
    identities: list[object],
    service: str,
    until: datetime | None,
    *,
    is_forced: bool,
) -> None:
    database = f"{manifest.prefix}_{service}"
    check_database_is_empty(client, database)
    moment = until.replace(tzinfo=CHINA) if until else None
    end = find_end(client, database, manifest.timestamp, moment)
    if until:
        explain_later(service, count_published_later(client, database, end), is_forced=is_forced)
    count = restore_database(client, manifest, folder, identities, service)
    writes = roll_forward(client, database, manifest.timestamp, end)
    reached = datetime.fromtimestamp(end.time, CHINA)
    typer.echo(
        f"{service}：{count} 份文档来自 {manifest.moment} 的备份，此后 {writes} 次写入来自副本集的 "
        f"oplog，直到 {reached:%Y-%m-%d %H:%M:%S}。\n"
        "现在可以启动它：主题里后来的从它停下的地方读起，没有发布的会发布。\n"
        f"{count} documents of the backup, {writes} writes since from the replica set's log. "
        "Start the service: it reads its topics on from where it was."
    )


def explain_later(service: str, count: int, *, is_forced: bool) -> None:
    """Of what was published after the moment that is restored. Raises RestoreError unless it is
    forced."""
    if not count:
        return
    lost = (
        f"那一刻之后 {service} 还发布过 {count} 批，其它服务已经听到，恢复后的 {service} 不知道 · "
        f"{count} batches were published after it: the other services heard what it will not know"
    )
    if not is_forced:
        raise RestoreError(
            f"{lost}。请把 --until 往后挪，或四个库一起恢复；确要丢弃的加 --force · "
            "say a later --until, or take all four back; --force gives it up"
        )
    typer.echo(f"注意：{lost}", err=True)


def _restore_all(
    client: Client,
    manifest: Manifest,
    folder: Path,
    identities: list[object],
    target: Path,
    erasures: Path,
    brokers: BrokersLeft | None,
) -> None:
    counts = restore_databases(client, manifest, folder, identities)
    files = restore_ledger(folder, target / "ledger", identities)
    rows = make_table("部分 part", "恢复 restored", "缺的从哪里补 what is missing, and who has it")
    for service, count in counts.items():
        waiting = client[f"{manifest.prefix}_{service}"][OUTBOX].count_documents({})
        filled = f"待发箱 {waiting} 批将重新发布 batches of its outbox are published again"
        rows.add_row(service, f"{count} 份文档", filled)
    rows.add_row("ledger", f"{files} 个文件", "由 audit 从数据库继续公布 from its database")
    _add_erasures(rows, client, manifest, erasures)
    for topic, source in list_missing(brokers, _read_positions(client, manifest.prefix)):
        rows.add_row(topic, "", source)
    make_console().print(rows)
    typer.echo(
        f"已恢复到 {manifest.moment}。此后网页和接口提交的不在其中，请来源按原编号重交。\n"
        "下一步：启动服务；删除名单上的人会先重新删除（docs/runbooks/restore.md）。\n"
        f"This is {manifest.moment}. What came since by HTTP has to be handed in again. Start."
    )


def list_missing(
    brokers: BrokersLeft | None, positions: Mapping[str, int]
) -> list[tuple[str, str]]:
    """Topic, and from where what others sent since the backup comes."""
    if brokers is None:
        return [("*.inbound", "没有连上消息系统 no broker answered：docs/runbooks/restore.md")]
    if not brokers.is_known(positions):
        lost = "消息系统是新的：备份之后发来的，请来源按原编号重发 new brokers: sources send again"
        return [("*.inbound", lost)]
    return [
        (topic, f"{count} 条从主题重新读取 records are read again from the topic")
        for topic, count in brokers.count_unread(positions).items()
    ]


def _add_erasures(rows: Table, client: Client, manifest: Manifest, erasures: Path) -> None:
    """Whom the list names and the backup does not: they are erased before anything is served."""
    if not erasures.is_dir():
        rows.add_row(
            "erasures", "没有名单 no list", "先 guanjia keys restore，再启动 before a start"
        )
        return
    listed = {file.stem for file in erasures.glob("*.json")}
    there = client[f"{manifest.prefix}_intake"]["erasures"].find({}, {"_id": 1})
    missing = listed - {str(row["_id"]) for row in there}
    filled = f"{len(missing)} 人启动时先重新删除 are erased again before anything is served"
    rows.add_row("erasures", f"{len(listed)} 条", filled)


def _read_positions(client: Client, prefix: str) -> dict[str, int]:
    return {
        row["_id"]: row["next"]
        for service in SERVICES
        for row in client[f"{prefix}_{service}"][POSITIONS].find()
    }


async def _find_brokers(data_dir: Path, *, empties: bool) -> BrokersLeft | None:
    """None where none answers. Raises RestoreError where events of after the backup are there."""
    connection = BrokerConnection.from_settings(load_settings(Settings))
    if stack := find_running_stack(data_dir):
        connection = replace(connection, bootstrap=stack.kafka_bootstrap)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the table says it
    try:
        brokers = await look_at_brokers(connection)
    except (KafkaError, OSError, Transient):
        return None
    if brokers.own and not empties:
        raise RestoreError(
            f"我方主题里还有 {brokers.own} 条，说的是备份没有的事：加 --empty-topics 清空它们，"
            "别人发来的（*.inbound）不动 · our own topics tell of what the backup does not know: "
            "--empty-topics removes them; what others sent stays"
        )
    if brokers.own:
        await remove_own_topics(connection)
    return brokers


def _connect(data_dir: Path) -> Client:
    """The running stack's, else that of the settings."""
    stack = find_running_stack(data_dir)
    return connect(stack.mongo_uri if stack else load_settings(Settings).mongo_uri)
