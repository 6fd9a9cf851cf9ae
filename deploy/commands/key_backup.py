"""`guanjia keys backup` and `restore`: what a copy of the database cannot be read without, apart
from it and sealed for somebody's age key. And who was erased, so that a restore erases him again.
"""

import io
import os
import tarfile
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

import pyrage  # type: ignore[import-untyped]
import typer

from deploy.local.credentials import FIRST, lock_register
from shared.client import find_secrets_dir
from shared.security import Role
from shared.security.files import write_private

DataDir = Annotated[Path | None, typer.Option(help="数据目录 the stack's data folder")]
SECRETS = ("identity.key", "root.key", "root.previous.key", "credentials.json")
LOG_KEYS = "ledger-*.key"
"""The logs' signing keys too: a log goes on under no other."""
TOKENS = tuple(
    f"{each.id}.token" for each in FIRST if each.roles & {Role.SERVICE, Role.MONITOR, Role.CALLBACK}
)
"""Of machines: the register knows only their digests, and it makes no new ones of its own."""
PATTERNS = (*SECRETS, *TOKENS, "root.retired-*.key", LOG_KEYS)
ERASURES = "erasures"


@dataclass(frozen=True, slots=True)
class Folders:
    """Where an installation has them: each may be a volume of its own."""

    secrets: Path
    log_keys: Path
    erasures: Path

    @classmethod
    def find(cls, data_dir: Path | None) -> Self:
        """Of the given folder, else as the services are set."""
        secrets_dir = find_secrets_dir(data_dir)
        environment = os.environ if data_dir is None else {}
        data = environment.get("GUANJIA_DATA_DIR")
        erasures = Path(data) / ERASURES if data else secrets_dir.parent / ERASURES
        return cls(
            secrets_dir,
            Path(environment.get("GUANJIA_LOG_KEYS_DIR") or secrets_dir),
            Path(environment.get("GUANJIA_ERASURES_DIR") or erasures),
        )

    def place(self, kind: str, name: str) -> Path:
        if kind == ERASURES:
            return self.erasures / name
        return (self.log_keys if Path(name).match(LOG_KEYS) else self.secrets) / name


def back_up(
    to: Annotated[Path, typer.Option(help="写到哪个文件 the file")],
    recipient: Annotated[
        list[str], typer.Option(help="age 公钥，可重复 age1…, any of them opens it; repeatable")
    ],
    data_dir: DataDir = None,
) -> None:
    """密钥和删除名单另行备份，用 age 公钥加密。Keys and erasures, sealed by age."""
    folders = Folders.find(data_dir)
    secrets_dir = folders.secrets
    recipients = parse_recipients(recipient)
    # A container has the folder to read alone; what changes it replaces whole files.
    is_writable = os.access(secrets_dir, os.W_OK)
    with lock_register(secrets_dir) if is_writable else nullcontext():
        files = _list_files(folders)
    if not any(name == "secrets/root.key" for name, _ in files):
        raise SystemExit(f"{secrets_dir} 没有密钥 · no keys in {secrets_dir}")
    write_private(to, pyrage.encrypt(_pack(files), recipients))
    erased = sum(name.startswith(f"{ERASURES}/") for name, _ in files)
    typer.echo(
        f"已备份 {len(files) - erased} 个密钥文件、{erased} 条删除记录：{to}\n"
        "请与数据库备份分开存放；解密用的 age 私钥另存他处。\n"
        f"{len(files) - erased} key files, {erased} erasures. Keep it apart from the dumps, "
        "and the age identity apart from both."
    )
    if not any(Path(name).match(LOG_KEYS) for name, _ in files):
        typer.echo(
            f"没有账本签名密钥：{folders.log_keys} 里没有（GUANJIA_LOG_KEYS_DIR） · "
            "no signing key of a log is in it: without it a log cannot go on",
            err=True,
        )
    if not folders.erasures.is_dir():
        typer.echo(
            f"没有删除名单的目录 {folders.erasures}（GUANJIA_DATA_DIR） · no folder of erasures: "
            "who was erased would come back with a dump",
            err=True,
        )


def restore(
    file: Annotated[Path, typer.Argument(help="备份文件 the backup")],
    identity: Annotated[Path, typer.Option(help="age 私钥文件 the age identity")],
    data_dir: DataDir = None,
) -> None:
    """恢复密钥和删除名单；不覆盖已有的。Restores missing keys and erasures."""
    folders = Folders.find(data_dir)
    files = _unpack(_open(file, identity))
    targets = {folders.place(kind, name): content for (kind, name), content in files.items()}
    different = [str(path) for path, content in targets.items() if _differs(path, content)]
    if different:
        listed = "、".join(different)
        raise SystemExit(f"已有不同的文件，没有恢复 · there are others: {listed}")
    for folder in (folders.secrets, folders.log_keys, folders.erasures):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path, content in targets.items():
        write_private(path, content)
    typer.echo(
        f"已恢复 {len(targets)} 个文件；服务启动时会先重新删除名单上的人。\n"
        f"{len(targets)} files are back; services erase who is listed before they serve anything."
    )


def parse_recipients(texts: Sequence[str]) -> list[object]:
    try:
        return [pyrage.x25519.Recipient.from_str(each) for each in texts]
    except pyrage.RecipientError:
        raise typer.BadParameter("应为 age1 开头的公钥 · age1…", param_hint="--recipient") from None


def read_identities(identity: Path) -> list[object]:
    lines = [line.strip() for line in identity.read_text().splitlines()]
    keys = [line for line in lines if line.startswith("AGE-SECRET-KEY-")]
    try:
        return [pyrage.x25519.Identity.from_str(each) for each in keys]
    except pyrage.IdentityError:
        raise SystemExit("这把 age 私钥打不开 · this identity does not open it") from None


def _list_files(folders: Folders) -> list[tuple[str, bytes]]:
    """Keys by their names: those of the logs are as others, wherever they lie."""
    plain = {path for each in PATTERNS for path in folders.secrets.glob(each)}
    keys = sorted({*plain, *folders.log_keys.glob(LOG_KEYS)})
    erased = sorted(folders.erasures.glob("*.json"))
    return [
        *((f"secrets/{path.name}", path.read_bytes()) for path in keys),
        *((f"{ERASURES}/{path.name}", path.read_bytes()) for path in erased),
    ]


def _pack(files: list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o600
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _unpack(content: bytes) -> dict[tuple[str, str], bytes]:
    """Files of the two folders alone, whatever else their names say."""
    files: dict[tuple[str, str], bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        for entry in archive:
            kind, _, name = entry.name.partition("/")
            source = archive.extractfile(entry) if entry.isfile() else None
            if source is None or kind not in ("secrets", ERASURES) or Path(name).name != name:
                raise SystemExit(f"不认识的内容 · unknown content: {entry.name}")
            files[kind, name] = source.read()
    return files


def _open(file: Path, identity: Path) -> bytes:
    try:
        return bytes(pyrage.decrypt(file.read_bytes(), read_identities(identity)))
    except pyrage.DecryptError:
        raise SystemExit("这把 age 私钥打不开 · this identity does not open it") from None


def _differs(path: Path, content: bytes) -> bool:
    return path.exists() and path.read_bytes() != content
