"""`guanjia keys rotate-root`, `root-status`, `retire-root`: another root key, without a stop."""

import time
from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.services import SERVICES
from deploy.commands.tables import make_console, make_table
from deploy.local.credentials import lock_register
from shared.client import ServiceClient, find_secrets_dir
from shared.documents import Document
from shared.security import RootError, retire_root, rotate_root
from shared.security.roots import CURRENT, Roots, read_roots

DataDir = Annotated[Path | None, typer.Option(help="数据目录 the stack's data folder")]
# What was sealed just before a rotation is stored, and counted, by then.
SETTLE_S = 60


def rotate(data_dir: DataDir = None) -> None:
    """换根密钥；旧的仍可读，后台逐步重新加密。Another root key; the old one is still read."""
    secrets_dir = find_secrets_dir(data_dir)
    try:
        with lock_register(secrets_dir):
            rotate_root(secrets_dir)
            current = read_roots(secrets_dir).current
    except (RootError, OSError) as refusal:
        raise SystemExit(str(refusal)) from None
    typer.echo(
        f"新根密钥 new root key: {current.id}\n"
        "旧密钥仍可验签、解密，服务在后台重新加密；进度见 root-status，完成后 retire-root。\n"
        "请把新的签名密钥（keys publisher-key）交给各外部来源。\n"
        "The old key is still read while the services seal anew: root-status, then retire-root. "
        "Give every source its new signing key."
    )


def show_status(data_dir: DataDir = None) -> None:
    """旧根密钥还封着多少内容、谁还在用它签名。What the old root still seals, who signs with it."""
    rows = make_table("服务 service", "内容 what", "旧密钥 by the old", "无密钥 by none here")
    signers: dict[str, str] = {}
    for name in SERVICES:
        status = _ask(name, data_dir)
        signers |= {k: max(at, signers.get(k, "")) for k, at in status["late_signers"].items()}
        for collection, count in status["sealed"].items():
            rows.add_row(name, collection, str(count["previous"]), str(count["unknown"]))
    make_console().print(rows)
    typer.echo(_format_roots(_read(find_secrets_dir(data_dir))))
    for source, at in sorted(signers.items()):
        typer.echo(f"仍用旧密钥签名 still signs with the old key: {source}（{at[:19]} UTC）")


def retire(data_dir: DataDir = None) -> None:
    """停用旧根密钥；还有内容由它加密时拒绝。The old root is read no more; refused while needed."""
    secrets_dir = find_secrets_dir(data_dir)
    roots = _read(secrets_dir)
    if roots.previous is None:
        raise SystemExit("没有正在轮换的根密钥 · no rotation is under way")
    _check_settled(secrets_dir)
    for name in SERVICES:
        _check_sealed_anew(name, _ask(name, data_dir), roots)
    with lock_register(secrets_dir):
        file = retire_root(secrets_dir)
    typer.echo(
        f"旧根密钥已停用 retired: {file}\n"
        "此前的备份要用它才能读：请与那些备份一起离线保存，或一并销毁。\n"
        "Backups of before need it: keep it with them, away from here, or destroy both."
    )


def _check_settled(secrets_dir: Path) -> None:
    wait_s = SETTLE_S - (time.time() - (secrets_dir / CURRENT).stat().st_mtime)
    if wait_s > 0:
        raise SystemExit(
            f"刚刚轮换，请 {wait_s:.0f} 秒后再试 · rotated just now: try again in {wait_s:.0f} s"
        )


def _check_sealed_anew(name: str, status: Document, roots: Roots) -> None:
    previous = roots.previous.id if roots.previous else None
    if (status["root"], status["previous"]) != (roots.current.id, previous):
        raise SystemExit(
            f"{name} 用的不是这里的密钥文件，请先分发 · {name} reads other key files than these"
        )
    waiting = {c: n["previous"] for c, n in status["sealed"].items() if n["previous"]}
    if waiting:
        listed = "、".join(f"{collection} {count}" for collection, count in waiting.items())
        raise SystemExit(
            f"{name} 还有内容由旧密钥加密（{listed}），请稍后再试；一直不减少时看日志 "
            f"sealed_unreadable · {name}: the old key still seals {listed}; try again later"
        )


def _ask(name: str, data_dir: Path | None) -> Document:
    """Raises ServiceError where it does not answer."""
    return dict(ServiceClient(name, data_dir=data_dir).get("/sealing"))


def _read(secrets_dir: Path) -> Roots:
    try:
        return read_roots(secrets_dir)
    except RootError as error:
        raise SystemExit(str(error)) from None


def _format_roots(roots: Roots) -> str:
    if roots.previous is None:
        return f"根密钥 root key: {roots.current.id}"
    return (
        f"根密钥 root key: {roots.current.id}；"
        f"旧的仍可读 the one before is still read: {roots.previous.id}"
    )
