"""`guanjia audit rotate-key` replaces a log's signing key; no checkpoint is ever uncheckable."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from services.audit.cli.console import UNREADABLE, WRONG, console
from services.audit.tlog.checkpoint import open_checkpoint
from services.audit.tlog.note import NoteError
from services.audit.tlog.reader import Directory
from services.audit.tlog.tiles import CHECKPOINT

if TYPE_CHECKING:
    from services.audit.tlog.keys import KeyFile


def rotate_key(
    log: Annotated[str, typer.Argument(help="账本名，如 2026 the log's name, as below /log/")],
    retire: Annotated[bool, typer.Option("--retire", help="停用旧密钥 the old one stops")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="数据目录 the data folder")] = None,
    secrets_dir: Annotated[Path | None, typer.Option(help="密钥目录 the secrets folder")] = None,
) -> None:
    """更换账本签名密钥。A new key beside the old; with --retire the old one stops.

    步骤 Steps: (1) rotate-key LOG: from its next look on, within seconds, the service signs every
    checkpoint with both keys, the old one first, and /log/LOG/vkey lists both. (2) Tell auditors
    the new key by the way they got the old one. (3) When they have it: rotate-key LOG --retire.

    审计方如何改用新密钥 How an auditor comes to trust the new key: take a checkpoint from between
    (1) and (3); `guanjia audit verify` accepts it with --vkey OLD and with --vkey NEW, so whoever
    holds the new key signs the very history that the old key vouches for. Keep that checkpoint and
    pin NEW; later `verify --vkey NEW --since KEPT` shows that this history was only continued. A
    signature line that OLD does not know says nothing by itself: NEW must come from the operator.
    """
    from services.audit.public import key_path, list_log_names
    from services.audit.tlog.keys import KeyFile, read_keys
    from shared.client import find_data_dir, find_secrets_dir

    path = key_path(secrets_dir or find_secrets_dir(data_dir), log)
    if not path.exists():
        raise _explain_no_log(log, list_log_names(path.parent))
    ledger = (data_dir or find_data_dir()) / "ledger"
    try:
        keys = KeyFile(path, read_keys(path)[0].name)
        if retire:
            _expect_signed_by_new(ledger / log, keys)
        changed = keys.retire() if retire else keys.add()
    except OSError as error:
        console.print(
            f"[red]读不到密钥 the keys cannot be read[/]: {escape(f'{path}: {error.strerror}')}"
        )
        raise typer.Exit(UNREADABLE) from None
    except NoteError as error:
        console.print(f"[red]未更换 nothing changed[/]: {escape(str(error))}")
        raise typer.Exit(WRONG) from None
    done = "已停用 retired" if retire else "新密钥 new key"
    console.print(f"{done}: {changed.vkey}", soft_wrap=True)
    for key in keys.read():
        console.print(f"--vkey {key.vkey}", soft_wrap=True)


def _explain_no_log(log: str, there: list[str]) -> typer.Exit:
    console.print(
        f"[red]没有账本 {escape(log)} there is no log {escape(log)}[/]；"
        f"现有 there are: {escape('、'.join(there) or '无 none')}"
    )
    return typer.Exit(UNREADABLE)


def _expect_signed_by_new(log: Path, keys: "KeyFile") -> None:
    """Retired earlier, the old key would leave a checkpoint that the new one has not signed."""
    note = Directory(log).read(CHECKPOINT)
    if note is None:
        raise NoteError("没有检查点 there is no checkpoint")
    open_checkpoint(note, [keys.read()[-1].vkey])
