"""`guanjia demo`: the campaign on a stack of its own; at the end every sum must agree."""

import asyncio
import json
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from deploy.commands.up import REFUSALS
from deploy.demo import campaign, summary
from deploy.demo.accounts import make_accounts, print_accounts
from deploy.demo.clients import RefusedError, open_clients
from deploy.demo.open_work import leave_open_work
from deploy.demo.progress import ProgressDisplay, make_console
from deploy.demo.scenario import Outcome, Scenario
from deploy.local.run_folder import choose_run_folder, delete_databases
from deploy.local.stack import AT_ONCE, BrokerKind, Stack, StackOptions

SETTINGS = {
    "GUANJIA_DUE_POLL_MS": "500",
    # Here a day takes a minute: a donor's proposals are gathered for seconds, not for hours.
    "GUANJIA_DONOR_DIGEST_WAIT_S": "1",
    "GUANJIA_DONOR_DIGEST_GAP_S": "2",
    # A part that dies is soon missed: its partitions wait no longer than this.
    "GUANJIA_SESSION_TIMEOUT_MS": "6000",
    "GUANJIA_LOG_LEVEL": "warning",
    # Its accounts have passwords made for this run; it refuses to listen beyond this machine.
    "GUANJIA_SECOND_FACTOR": "false",
    **AT_ONCE,
}
AT_ONCE_SAYS = (
    "演示不等：夜间静默、合并发送、每日条数上限和运营商对单个号码的限制均已关闭 "
    "The demo does not wait: no quiet hours, no bundles, no limit per person and day, "
    "no provider's limit per number"
)
WITHIN_S = 900.0
FILE_WITHIN_S = 1800.0
# A file comes in all at once, so its donors need longer.
FILE_LIFETIME_S = 90.0
DISAGREES = 1


@dataclass(frozen=True, slots=True)
class DemoOptions:
    data_dir: Path
    broker: BrokerKind
    wishes: int
    requests: Path | None
    offers: Path | None
    json: Path | None
    keep: bool


def play_demo(
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
    folder = choose_run_folder(data_dir, "demo")
    options = DemoOptions(folder, broker, wishes, requests, offers, json_, keep)
    try:
        outcome = asyncio.run(_run_demo(options, console))
    except REFUSALS as refusal:
        raise SystemExit(str(refusal)) from None
    except (RefusedError, httpx.TransportError, ExceptionGroup) as error:
        raise _describe_failure(error, folder) from error
    finally:
        if data_dir is None:
            delete_databases(folder)
    if outcome is None or not outcome.agrees:
        raise typer.Exit(DISAGREES)


def _describe_failure(error: Exception, folder: Path) -> BaseException:
    """A line for people where a part of the system refused or was away; a bug stays a bug."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, RefusedError | httpx.TransportError):
        return error
    reason = str(error) or type(error).__name__
    return SystemExit(f"演示中断 the demo failed: {reason}\n日志 logs: {folder / 'logs'}")


def compute_lifetime_s(wishes: int) -> float:
    """How long a donor may take; an unanswered proposal expires while others are served.

    Long enough for a slow machine to bring every answer in time: the few that are left unanswered
    are the first ones, so a long life costs the whole no time.
    """
    return min(90.0, 15.0 + wishes / 12)


async def _run_demo(demo: DemoOptions, console: Console) -> Outcome | None:
    """None when it was stopped before the end."""
    lifetime = FILE_LIFETIME_S if demo.requests else compute_lifetime_s(demo.wishes)
    settings = SETTINGS | {"GUANJIA_PROPOSAL_LIFETIME_S": str(lifetime)}
    options = StackOptions(data_dir=demo.data_dir, broker=demo.broker, settings_env=settings)
    with ProgressDisplay(console) as display:
        display.print_line(AT_ONCE_SAYS)
        stack = Stack(options, announce=display.print_line)
        stop_requested = _watch_signals()
        running = asyncio.create_task(_run_on(stack, demo, display))
        stopping = asyncio.create_task(stop_requested.wait())
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


async def _run_on(stack: Stack, demo: DemoOptions, display: ProgressDisplay) -> Outcome:
    starting = display.add_stage("启动部件 parts started", len(stack.list_rows()))
    await stack.start()
    watching = asyncio.create_task(stack.watch())
    try:
        starting.set(len(stack.list_rows()))
        starting.finish()
        async with open_clients(stack.urls, stack.secrets_dir) as clients:
            scenario = Scenario(
                clients, stack, display, FILE_WITHIN_S if demo.requests else WITHIN_S
            )
            outcome = await _play(scenario, demo)
            _conclude(outcome, demo, display, stack)
            if demo.keep:
                await leave_open_work(clients)
        if demo.keep:
            with suppress(asyncio.CancelledError):  # Ctrl-C ends it as it should
                await _keep_running(display, stack)
        return outcome
    finally:
        await stack.stop()
        await watching


async def _play(scenario: Scenario, demo: DemoOptions) -> Outcome:
    if demo.requests:
        return await scenario.play_file(demo.requests, demo.offers)
    return await scenario.play_campaign(campaign.make_wishes(demo.wishes))


def _conclude(outcome: Outcome, demo: DemoOptions, display: ProgressDisplay, stack: Stack) -> None:
    content = summary.build_summary(
        outcome.figures, outcome.checks, display.elapsed_s, outcome.campaign
    )
    if demo.json:
        demo.json.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    display.progress.stop()
    summary.print_summary(display.console, content, outcome.checks, stack)


async def _keep_running(display: ProgressDisplay, stack: Stack) -> None:
    accounts = await make_accounts(stack)
    summary.print_addresses(display.console, stack)
    print_accounts(display.console, accounts)
    display.console.print("按 Ctrl-C 停止 · Ctrl-C stops everything")
    await asyncio.Event().wait()


def _watch_signals() -> asyncio.Event:
    requested = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, requested.set)
    return requested
