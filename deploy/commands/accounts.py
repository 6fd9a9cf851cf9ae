"""`guanjia accounts`: who signs in with a browser. Works on the secrets folder, as `keys` does.

An invitation is signed with the root key, so nobody who merely runs the system can make one.
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.keys import check_area, find_secrets
from deploy.local.credentials import lock_register
from deploy.local.stack_file import find_running_stack
from shared.client import find_data_dir
from shared.clock import system_now
from shared.contracts.accounts import INVITATION, INVITATION_LIFETIME, INVITATION_PATH
from shared.contracts.values import CHINA
from shared.security import REGISTER, Credential, Keyring, Role, issue, read_register
from shared.security.sessions import SIGNS_IN

app = typer.Typer(help="登录账号 Accounts: invite.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """登录账号；角色与范围即凭证的角色与范围。Accounts of credentials, for browsers."""


@app.command()
def invite(
    id_: Annotated[str, typer.Argument(metavar="ID", help="账号，建议用工号 a-z 0-9 -")],
    role: Annotated[
        list[Role] | None,
        typer.Option(help="新账号的角色，可重复 role of a new account; repeatable"),
    ] = None,
    area: Annotated[str, typer.Option(help="镇街9位或村居12位代码；空为全市 empty: all")] = "",
    source: Annotated[
        str, typer.Option(help="合作伙伴的来源 a partner's source, /partners/NAME")
    ] = "",
    holder: Annotated[str, typer.Option(help="本人的工号 the person's staff number")] = "",
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="新账号的有效天数 days until it ends")
    ] = None,
    url: Annotated[str, typer.Option(help="公开网址 public address; default: the stack's")] = "",
    data_dir: Annotated[Path | None, typer.Option(help="数据目录 the stack's data folder")] = None,
) -> None:
    """发一个邀请；已有账号的密码与验证器随之重设。Invites; resets an existing account."""
    secrets_dir = find_secrets(data_dir)
    if role:
        _add_credential(secrets_dir, id_, frozenset(role), area, source, holder, days)
    credential = _find_credential(secrets_dir, id_)
    if credential.roles.isdisjoint(SIGNS_IN):
        raise SystemExit(f"{id_} 是系统用的凭证，不能登录 · {id_} is a machine's: no sign-in")
    link = make_invitation(secrets_dir, id_)
    ends = (system_now() + INVITATION_LIFETIME).astimezone(CHINA)
    typer.echo((url or _find_public_url(data_dir)).rstrip("/") + link)
    typer.echo(f"有效至 until {ends:%Y-%m-%d %H:%M}，只能用一次 works once", err=True)


def make_invitation(secrets_dir: Path, id_: str) -> str:
    """The path of the page."""
    now = system_now()
    token = Keyring(secrets_dir).make_link(INVITATION, id_, now + INVITATION_LIFETIME, now)
    return INVITATION_PATH.format(token=token)


def _add_credential(
    secrets_dir: Path,
    id_: str,
    roles: frozenset[Role],
    area: str,
    source: str,
    holder: str,
    days: int | None,
) -> None:
    """Its bearer is thrown away: `guanjia keys issue --replace` makes one where it is needed."""
    check_area(area)
    expires_at = None if days is None else system_now() + timedelta(days=days)
    try:
        credential = Credential(
            id=id_,
            secret_sha256="",
            roles=roles,
            area=area,
            source=source,
            holder=holder,
            expires_at=expires_at,
        )
    except ValueError:
        raise typer.BadParameter("编号只能用 a-z 0-9 -，至多60个 a-z 0-9 - only") from None
    with lock_register(secrets_dir) as register:
        existing = read_register(register) if register.exists() else ()
        if any(each.id == id_ for each in existing):
            raise typer.BadParameter(
                "已有这个编号；再次邀请时不要给角色 exists already: leave --role out",
                param_hint="ID",
            )
        check_source(credential, existing)
        issue(register, credential)


def check_source(credential: Credential, existing: tuple[Credential, ...]) -> None:
    """A partner speaks as a source, and nobody else as the same."""
    needs_one = Role.DONOR_PARTNER in credential.roles
    is_taken = any(each.source == credential.source for each in existing if each.source)
    if needs_one != bool(credential.source) or is_taken:
        raise typer.BadParameter(
            "合作伙伴要有自己的来源，工作人员没有 a partner has one of its own, staff have none",
            param_hint="--source",
        )
    if credential.source and not credential.source.startswith("/partners/"):
        raise typer.BadParameter("应为 /partners/NAME", param_hint="--source")


def _find_credential(secrets_dir: Path, id_: str) -> Credential:
    file = secrets_dir / REGISTER
    existing = read_register(file) if file.exists() else ()
    for credential in existing:
        if credential.id == id_:
            return credential
    raise SystemExit(
        f"没有凭证 {id_}：给出 --role 即新建 · no credential {id_}: with --role it is made"
    )


def _find_public_url(data_dir: Path | None) -> str:
    stack = find_running_stack(data_dir or find_data_dir())
    return (stack.public_url or stack.urls["intake"]) if stack else "http://127.0.0.1:8000"
