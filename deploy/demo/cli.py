"""`guanjia demo`: the campaign on a stack of its own; at the end every sum must agree."""

import asyncio
import json
import shutil
import signal
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from deploy.commands.up import REFUSALS
from deploy.demo import campaign, summary
from deploy.demo.board import Board, make_console
from deploy.demo.desks import RefusedError, open_desks
from deploy.demo.play import Outcome, Play
from deploy.local.stack import BrokerKind, Stack, StackOptions

SETTINGS = {
    "GUANJIA_DUE_POLL_MS": "500",
    "GUANJIA_FETCH_MAX_WAIT_MS": "20",
    # A part that dies is soon missed: its partitions wait no longer than this.
    "GUANJIA_SESSION_TIMEOUT_MS": "6000",
    "GUANJIA_LOG_LEVEL": "warning",
}
WITHIN_S = 300.0
FILE_WITHIN_S = 1800.0
# A file comes in all at once, so its donors need longer.
FILE_LIFETIME_S = 90.0
DISAGREES = 1


@dataclass(frozen=True, slots=True)
class Asked:
    data_dir: Path
    broker: BrokerKind
    wishes: int
    requests: Path | None
    offers: Path | None
    json: Path | None
    keep: bool


def demo(
    wishes: Annotated[
        int, typer.Option(min=1, max=20_000, help="微心愿数 how many wishes")
    ] = campaign.WISHES,
    requests: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="改用此 CSV 的诉求 play these instead"),
    ] = None,
    offers: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="与 --requests 同用的资源 CSV offers"),
    ] = None,
    json_: Annotated[
        Path | None, typer.Option("--json", dir_okay=False, help="摘要写入文件 summary as JSON")
    ] = None,
    keep: Annotated[bool, typer.Option(help="结束后继续运行，直到 Ctrl-C keep it running")] = False,
    broker: Annotated[
        BrokerKind, typer.Option(help="mesh: 内存 in memory; kafka: Apache Kafka")
    ] = "mesh",
    data_dir: Annotated[
        Path | None, typer.Option(help="数据目录，应为空 an empty one; temporary if not given")
    ] = None,
) -> None:
    """演示新春暖“留”行动：从诉求到拨付。Plays the New Year campaign; 1 if any sum disagrees."""
    console = make_console()
    if data_dir and data_dir.exists() and any(data_dir.iterdir()):
        raise SystemExit(f"数据目录不为空 · not empty: {data_dir}")
    folder = (data_dir or Path(tempfile.mkdtemp(prefix="guanjia-demo-"))).absolute()
    asked = Asked(folder, broker, wishes, requests, offers, json_, keep)
    try:
        outcome = asyncio.run(_played(asked, console))
    except REFUSALS as refusal:
        raise SystemExit(str(refusal)) from None
    except (RefusedError, httpx.TransportError, ExceptionGroup) as error:
        raise _failed(error, folder) from error
    finally:
        if data_dir is None:
            _forget_databases(folder)
    if outcome is None or not outcome.agrees:
        raise typer.Exit(DISAGREES)


def _failed(error: Exception, folder: Path) -> BaseException:
    """A line for people where a part of the system refused or was away; a bug stays a bug."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, RefusedError | httpx.TransportError):
        return error
    what = str(error) or type(error).__name__
    return SystemExit(f"演示中断 the demo failed: {what}\n日志 logs: {folder / 'logs'}")


def lifetime_s(wishes: int) -> float:
    """A donor has this long. Who is left alone lets it expire while the others are served."""
    return min(40.0, 15.0 + wishes / 40)


async def _played(asked: Asked, console: Console) -> Outcome | None:
    """None when it was stopped before the end."""
    lifetime = FILE_LIFETIME_S if asked.requests else lifetime_s(asked.wishes)
    settings = SETTINGS | {"GUANJIA_PROPOSAL_LIFETIME_S": str(lifetime)}
    options = StackOptions(data_dir=asked.data_dir, broker=asked.broker, settings_env=settings)
    with Board(console) as board:
        stack = Stack(options, announce=board.say)
        told = _told_to_stop()
        running = asyncio.create_task(_on(stack, asked, board))
        stopping = asyncio.create_task(told.wait())
        await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            running.cancel()
        try:
            outcome = await running
        except asyncio.CancelledError:
            return None
        finally:
            stopping.cancel()
    return outcome


async def _on(stack: Stack, asked: Asked, board: Board) -> Outcome:
    starting = board.stage("启动部件 parts started", len(stack.rows()))
    await stack.start()
    watching = asyncio.create_task(stack.watch())
    try:
        starting.to(len(stack.rows()))
        starting.finish()
        async with open_desks(stack.urls, stack.secrets_dir) as desks:
            play = Play(desks, stack, board, FILE_WITHIN_S if asked.requests else WITHIN_S)
            outcome = await _chosen(play, asked)
        _conclude(outcome, asked, board, stack)
        if asked.keep:
            with suppress(asyncio.CancelledError):  # Ctrl-C ends it as it should
                await _kept(board, stack)
        return outcome
    finally:
        await stack.stop()
        await watching


async def _chosen(play: Play, asked: Asked) -> Outcome:
    if asked.requests:
        return await play.file(asked.requests, asked.offers)
    return await play.campaign(campaign.wishes(asked.wishes))


def _conclude(outcome: Outcome, asked: Asked, board: Board, stack: Stack) -> None:
    said = summary.as_json(outcome.figures, outcome.checks, board.seconds, outcome.campaign)
    if asked.json:
        asked.json.write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")
    board.progress.stop()
    summary.show(board.console, said, outcome.checks, stack)


async def _kept(board: Board, stack: Stack) -> None:
    summary.show_addresses(board.console, stack)
    board.console.print("按 Ctrl-C 停止 · Ctrl-C stops everything")
    await asyncio.Event().wait()


def _told_to_stop() -> asyncio.Event:
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    return told


def _forget_databases(folder: Path) -> None:
    """The log, its keys and the services' logs stay to be looked at; the rest is large."""
    for name in ("mongo", "kafka"):
        shutil.rmtree(folder / name, ignore_errors=True)
