"""`guanjia audit witness` runs a small witness: it cosigns one history of a log, never a second."""

import socket
from pathlib import Path
from typing import Annotated

import typer

from services.audit.cli.console import console
from services.audit.tlog.note import ED25519, NoteError, VerifierKey


def run_witness(
    data: Annotated[Path, typer.Option(file_okay=False, help="密钥与记录 its key and its record")],
    log: Annotated[
        list[str], typer.Option("--log", metavar="VKEY", help="为谁见证 a log to cosign")
    ],
    name: Annotated[str, typer.Option(help="见证方名称 its name, as an address without scheme")],
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="监听地址 where it listens; port 0: any")
    ] = "127.0.0.1:8090",
) -> None:
    """运行见证服务。A witness (C2SP tlog-witness): POST /add-checkpoint.

    由账本运营者以外的人运行；账本从此不能对不同的人出示不同的历史。
    Somebody else than the log's operator runs it; then the log cannot show two people two
    histories. Give the operator the address and the key it prints (setting GUANJIA_WITNESSES), and
    auditors the key (`guanjia audit verify --witness KEY`). Guard DIR: it is the witness's memory.
    """
    import uvicorn  # an auditor does not have it

    from services.audit.witness import create_witness, open_key_file

    host, _, port = listen.rpartition(":")
    try:
        logs = [VerifierKey.parse(text) for text in log]
        app = create_witness(data, name, logs)
        (key,) = open_key_file(data, name).read()
    except NoteError as error:
        raise typer.BadParameter(str(error)) from None
    if not port.isdigit() or any(each.algorithm != ED25519 for each in logs):
        raise typer.BadParameter("--listen HOST:PORT, --log name+keyid+base64")
    with _open_socket(host or "127.0.0.1", int(port)) as listening:
        host, port = listening.getsockname()[:2]
        console.print(f"见证 witness http://{host}:{port} {key.vkey}", soft_wrap=True)
        console.file.flush()  # into a file or a pipe too, while it runs
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listening])


def _open_socket(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as error:
        raise typer.BadParameter(f"无法监听 cannot listen on {host}:{port}: {error}") from None
