"""`guanjia install`: what an installation needs before its first start."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from deploy.installation.authority import KeyAwayError
from deploy.installation.database import connect, create_user, initiate, retry
from deploy.installation.files import (
    ADMINISTRATOR,
    DATABASE_PORT,
    DATABASES,
    Installation,
    format_database_uri,
    parse_owners,
)
from shared.clock import system_now
from shared.contracts.topics import SERVICES

app = typer.Typer(
    help="安装 An installation: certificates, passwords, users.", no_args_is_help=True
)
Folder = Annotated[Path, typer.Argument(help="目录，每个部件一个子目录 a folder for each part")]


@app.command("files")
def write_files(
    folder: Folder,
    host: Annotated[str, typer.Option(help="群众访问的域名 by which people come in")] = "localhost",
    owner: Annotated[
        list[str] | None,
        typer.Option(help="子目录=用户号，可重复 part=uid, repeatable; only as root"),
    ] = None,
) -> None:
    """生成证书、密码和密钥；已有的不动。Certificates, passwords, keys; keeps what is there."""
    try:
        owners = parse_owners(owner or [])
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--owner") from None
    installation = Installation(folder, host)
    try:
        installation.prepare(system_now())
    except KeyAwayError as error:
        raise SystemExit(str(error)) from None
    installation.give(owners)
    typer.echo(
        f"已备好 {folder}：请把 authority/ca.key 移到别处保管。\n"
        f"{folder} is ready; keep authority/ca.key somewhere else."
    )


@app.command("database")
def prepare_database(folder: Folder) -> None:
    """建立副本集和各服务的数据库用户；可重复执行。Makes the replica set and the services' users."""
    ca_file = str(folder / "database" / "ca.pem")
    password = (folder / "database" / "administrator.password").read_text()
    direct = (
        f"mongodb://{ADMINISTRATOR}:{password}@{DATABASES[0]}:{DATABASE_PORT}"
        f"/?directConnection=true&tls=true&tlsCAFile={ca_file}"
    )
    members = [f"{name}:{DATABASE_PORT}" for name in DATABASES]
    with connect(direct) as client:
        retry(partial(initiate, client, members))
    with connect(format_database_uri(ADMINISTRATOR, password, ca_file)) as client:
        for service in SERVICES:
            own = (folder / "database" / f"mongo-{service}.password").read_text()
            retry(partial(create_user, client, service, own))
    typer.echo("数据库已就绪 · the replica set and its users are there")
