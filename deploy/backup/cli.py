"""The commands: what was taken or put back, in Chinese and English, and what is missing."""

from pathlib import Path
from typing import Annotated

import pyrage  # type: ignore[import-untyped]
import typer

from deploy.backup.making import make_backup
from deploy.backup.restoring import (
    RestoreError,
    check_backup,
    check_is_empty,
    restore_databases,
    restore_ledger,
)
from deploy.backup.snapshot import Client, PyMongoError, SnapshotError, connect
from deploy.commands.key_backup import parse_recipients, read_identities
from deploy.commands.tables import make_console, make_table
from deploy.local.stack_file import find_running_stack
from shared.client import default_data_dir
from shared.settings import Settings, load_settings

DataDir = Annotated[Path | None, typer.Option(help="数据目录 of which stack")]


def backup(
    to: Annotated[Path, typer.Argument(help="新目录 a new folder")],
    recipient: Annotated[
        list[str], typer.Option(help="age 公钥，可重复 age1…, repeatable: any of them opens it")
    ],
    data_dir: DataDir = None,
) -> None:
    """备份四个数据库和账本，同一时刻，不停机；密钥另存。Everything, at one moment."""
    folder, recipients = data_dir or default_data_dir(), parse_recipients(recipient)
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
    data_dir: DataDir = None,
) -> None:
    """恢复到空的数据库和账本目录；服务须未启动。Onto empty databases, while no service runs."""
    target = data_dir or default_data_dir()
    identities = read_identities(identity)
    try:
        manifest = check_backup(folder)
        with _connect(target) as client:
            check_is_empty(client, manifest.prefix, target / "ledger")
            counts = restore_databases(client, manifest, folder, identities)
        files = restore_ledger(folder, target / "ledger", identities)
    except pyrage.DecryptError:
        raise SystemExit("这把 age 私钥打不开 · this identity does not open it") from None
    except (RestoreError, PyMongoError, OSError) as error:
        raise SystemExit(f"没有恢复 · not restored: {error}") from None
    rows = make_table("部分 part", "恢复 restored", "之后的从哪里来 what came since")
    for service, count in counts.items():
        rows.add_row(service, f"{count} 份文档", _SINCE[service])
    rows.add_row("ledger", f"{files} 个文件", "由 audit 从数据库继续公布 from its database")
    make_console().print(rows)
    typer.echo(
        f"已恢复到 {manifest.moment}。此后的网页和接口提交不在其中，请渠道按原编号重交。\n"
        "下一步：guanjia keys restore，清空我方主题（docs/runbooks/restore.md），再启动服务；"
        "删除名单上的人会先重新删除。\n"
        f"This is {manifest.moment}. What came since by HTTP has to be handed in again. Next: "
        "`guanjia keys restore`, empty our own topics, start."
    )


_SINCE = {
    "intake": "收件主题（7 天内），其余请重交 inbound topics, 7 days",
    "matching": "收件主题（7 天内）；承诺由各方重做 inbound topics, 7 days",
    "notify": "由其他服务的待发箱重发 the others' outboxes",
    "audit": "收件主题（7 天内）或重新导入银行流水 inbound topics, or import statements again",
}


def _connect(data_dir: Path) -> Client:
    """The running stack's, else that of the settings."""
    stack = find_running_stack(data_dir)
    return connect(stack.mongo_uri if stack else load_settings(Settings).mongo_uri)
