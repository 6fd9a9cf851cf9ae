"""`guanjia keys`: who may come in, by which keys. Works on files that services read again."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from deploy.commands import key_backup, root_keys
from deploy.commands.services import SERVICES
from deploy.commands.tables import make_console, make_table
from deploy.local.credentials import issue_first, lock_register, write_token
from shared.client import find_secrets_dir
from shared.clock import system_now
from shared.contracts.values import CHINA
from shared.security import (
    REGISTER,
    Credential,
    Keyring,
    Role,
    create_root_key,
    issue,
    read_register,
    revoke,
    revoke_publisher,
    rotate_publisher,
)

app = typer.Typer(help="凭证 Credentials.", no_args_is_help=True)
DataDir = Annotated[Path | None, typer.Option(help="数据目录 the stack's data folder")]
Source = Annotated[str, typer.Argument(help="来源 such as /channels/village")]


@app.command()
def init(data_dir: DataDir = None) -> None:
    """首次生成密钥与凭证，已有的不动。Creates missing keys and credentials."""
    secrets_dir = find_secrets(data_dir)
    create_root_key(secrets_dir)
    issue_first(secrets_dir)
    typer.echo(f"密钥与凭证 keys and tokens: {secrets_dir} (<id>.token)")


@app.command("list")
def list_(data_dir: DataDir = None) -> None:
    """列出凭证（登记簿中没有密钥）。Lists them; the register holds no secret."""
    rows = make_table(
        "编号 id", "持有人 holder", "角色 roles", "区域 area", "来源 source", "状态 state"
    )
    now = system_now()
    for credential in sorted(_read_register(find_secrets(data_dir)), key=lambda c: c.id):
        rows.add_row(
            credential.id,
            credential.principal,
            " ".join(sorted(credential.roles)),
            credential.area or "全市 whole city",
            escape(credential.source),
            _format_state(credential, now),
        )
    make_console().print(rows)


def _format_state(credential: Credential, now: datetime) -> str:
    if credential.revoked:
        return "[red]已吊销 revoked[/]"
    if credential.expires_at is None:
        return "有效 valid"
    ends = f"{credential.expires_at.astimezone(CHINA):%Y-%m-%d %H:%M}"
    if credential.has_expired(now):
        return f"[red]已过期 expired {ends}[/]"
    return f"有效至 valid until {ends}"


@app.command("issue")
def issue_(
    id_: Annotated[str, typer.Argument(metavar="ID", help="小写字母、数字、连字符 a-z 0-9 -")],
    role: Annotated[list[Role], typer.Option(help="角色，可重复 repeatable")],
    area: Annotated[str, typer.Option(help="镇街9位或村居12位代码；空为全市 empty: all")] = "",
    source: Annotated[str, typer.Option(help="以此来源发布 its source, /channels/NAME")] = "",
    holder: Annotated[
        str,
        typer.Option(help="本人的工号，一人多证时相同 the person's staff number"),
    ] = "",
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="有效天数；缺省不限 days until it ends")
    ] = None,
    replace: Annotated[
        bool, typer.Option(help="换发，旧密钥和旧签名密钥作废 replace: old secret and keys end")
    ] = False,
    keep_publisher_key: Annotated[
        bool, typer.Option(help="换发时保留签名密钥 with --replace: the signing keys stay")
    ] = False,
    save: Annotated[bool, typer.Option(help="存入密钥目录 into the secrets folder")] = False,
    data_dir: DataDir = None,
) -> None:
    """发放凭证；密钥只显示这一次。Issues one; its secret is shown only once."""
    secrets_dir = find_secrets(data_dir)
    try:
        credential = Credential(
            id=id_,
            secret_sha256="",
            roles=frozenset(role),
            area=area,
            source=source,
            holder=holder,
            expires_at=None if days is None else system_now() + timedelta(days=days),
        )
    except ValueError:
        raise typer.BadParameter(
            "编号和持有人只能用 a-z 0-9 -，至多60个 id and holder: only those, at most 60"
        ) from None
    check_area(area)
    with lock_register(secrets_dir) as register:
        _check_free(credential, _read_register(secrets_dir), replace)
        bearer = issue(register, credential, keeps_publisher_keys=keep_publisher_key)
        if save or (secrets_dir / f"{id_}.token").exists():  # never leave an old secret there
            typer.echo(str(write_token(secrets_dir, id_, bearer)))
    typer.echo(bearer)


@app.command("revoke")
def revoke_(id_: Annotated[str, typer.Argument(metavar="ID")], data_dir: DataDir = None) -> None:
    """吊销凭证，一秒内生效。Revokes one; refused within a second."""
    secrets_dir = find_secrets(data_dir)
    _read_register(secrets_dir)
    with lock_register(secrets_dir) as register:
        if not revoke(register, id_):
            raise SystemExit(f"没有凭证 {id_} · no credential {id_}")
    typer.echo(f"已吊销 revoked: {id_}")


@app.command("publisher-key")
def print_publisher_key(source: Source, data_dir: DataDir = None) -> None:
    """外部系统签名消息用的密钥（十六进制）。Hex key with which a source signs its records."""
    typer.echo(_find_publisher_key(find_secrets(data_dir), source).hex())


@app.command("rotate-publisher")
def rotate_publisher_(
    source: Source,
    overlap_hours: Annotated[
        int, typer.Option(min=0, max=24 * 90, help="旧密钥还能用几小时 the old key ends after")
    ] = 24,
    data_dir: DataDir = None,
) -> None:
    """换签名密钥并打印；旧密钥过后失效。Prints a new signing key; the old one ends later."""
    secrets_dir = find_secrets(data_dir)
    _require_publisher(secrets_dir, source)
    with lock_register(secrets_dir) as register:
        rotate_publisher(register, source, system_now() + timedelta(hours=overlap_hours))
    typer.echo(_find_publisher_key(secrets_dir, source).hex())


@app.command("revoke-publisher")
def revoke_publisher_(source: Source, data_dir: DataDir = None) -> None:
    """吊销来源的签名密钥，凭证仍有效。Ends its signing keys, not its credential."""
    secrets_dir = find_secrets(data_dir)
    _require_publisher(secrets_dir, source)
    with lock_register(secrets_dir) as register:
        revoke_publisher(register, source)
    typer.echo(f"已吊销签名密钥 signing keys revoked: {source}")


app.command("backup")(key_backup.back_up)
app.command("restore")(key_backup.restore)
app.command("rotate-root")(root_keys.rotate)
app.command("root-status")(root_keys.show_status)
app.command("retire-root")(root_keys.retire)


def _find_publisher_key(secrets_dir: Path, source: str) -> bytes:
    """The newest. Ends the command where the source has none."""
    _require_publisher(secrets_dir, source)
    key = Keyring(secrets_dir).find_publisher_key(source)
    if key is None:
        raise SystemExit(
            f"来源 {source} 的签名密钥已吊销或过期，可用 rotate-publisher 换新 · "
            f"{source} has no valid signing key; rotate-publisher makes one"
        )
    return key


def _require_publisher(secrets_dir: Path, source: str) -> None:
    now = system_now()
    credentials = [c for c in _read_register(secrets_dir) if c.may_publish and c.is_valid(now)]
    if source not in {c.source for c in credentials}:
        publishers = "、".join(sorted(c.source for c in credentials))
        raise SystemExit(
            f"来源 {source} 无权发布；可用的有 {publishers} · "
            f"no credential publishes as {source}; there are {publishers}"
        )


def check_area(area: str) -> None:
    if area and not (area.isdigit() and len(area) in (9, 12)):
        raise typer.BadParameter("应为9位或12位数字 9 or 12 digits", param_hint="--area")


def _check_free(credential: Credential, existing: tuple[Credential, ...], replace: bool) -> None:
    """One source, one publisher: and none in the name of a service."""
    if not replace and any(c.id == credential.id for c in existing):
        raise typer.BadParameter("已有此凭证 exists already (--replace)", param_hint="ID")
    source = credential.source
    if not source:
        return
    is_service = source.strip("/").partition("/")[0] in SERVICES
    is_used = any(c.source == source and c.id != credential.id for c in existing)
    if is_service or is_used or not source.startswith("/"):
        raise typer.BadParameter("来源已被占用或无效 taken or not allowed", param_hint="--source")


def find_secrets(data_dir: Path | None) -> Path:
    return find_secrets_dir(data_dir)


def _read_register(secrets_dir: Path) -> tuple[Credential, ...]:
    file = secrets_dir / REGISTER
    if not file.exists():
        raise SystemExit(f"没有登记簿 · no register at {file} (guanjia up makes it)")
    return read_register(file)
