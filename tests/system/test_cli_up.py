"""`guanjia up` as a person starts it: a table, healthy services, one Ctrl-C, and again."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from deploy.local.stack import SERVICES
from deploy.local.stack_file import RunningStack, find_running_stack
from shared.client import ServiceClient

PARTS = ("broker", "mongod", *SERVICES)
STARTS_WITHIN_S = 90
STOPS_WITHIN_S = 40
WISH = {
    "kind": "wish",
    "category": "supplies",
    "beneficiary_class": "subsistence",
    "channel": "grid_worker",
    "need": {"unit": "fen", "quantity": 20_000},
    "area": {"town_code": "441900103"},
    "applicant": {"name": "测试甲", "phone": "+8613800138000"},
    "text": "一床棉被",
}
Guanjia = Callable[..., subprocess.CompletedProcess[str]]


def build_environment(data_dir: Path) -> dict[str, str]:
    variables = {k: v for k, v in os.environ.items() if not k.startswith("GUANJIA_")}
    return variables | {"GUANJIA_DATA_DIR": str(data_dir)}


class Up:
    """The running command; `printed` is its output until everything was up."""

    def __init__(self, data_dir: Path, *words: str, until: str = "Ctrl-C") -> None:
        self.data_dir = data_dir
        self.process = subprocess.Popen(
            [sys.executable, "-m", "deploy.cli", "up", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=build_environment(data_dir),
        )
        self.printed = self.read_until(until)

    @property
    def stack(self) -> RunningStack:
        stack = find_running_stack(self.data_dir)
        assert stack is not None, self.printed
        return stack

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        self.printed += self.process.communicate(timeout=STOPS_WITHIN_S)[0]
        return self.process.returncode

    def read_until(self, word: str) -> str:
        """Ends with the output, too: a failed start is seen in the assertion."""
        assert self.process.stdout
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if word in line:
                break
        return "".join(lines)


@contextmanager
def up(data_dir: Path, *words: str, until: str = "Ctrl-C") -> Iterator[Up]:
    command = Up(data_dir, *words, until=until)
    try:
        yield command
    finally:
        if command.process.poll() is None:
            command.stop(signal.SIGTERM)


def post_wish(stack: RunningStack, key: str) -> httpx.Response:
    token = (stack.secrets_dir / "collector.token").read_text().strip()
    return httpx.post(
        f"{stack.urls['intake']}/requests",
        json=WISH,
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key},
        timeout=30,
        trust_env=False,
    )


def is_alive(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.long
@pytest.mark.timeout(2 * (STARTS_WITHIN_S + STOPS_WITHIN_S))
def test_the_whole_stack_starts_answers_stops_and_finds_its_data_again(tmp_path: Path) -> None:
    """The second time one service is left out, and started with what is printed."""

    def guanjia(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deploy.cli", *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=build_environment(tmp_path),
        )

    with up(tmp_path, "--set", "gap_alarm_s=7.5") as first:
        stack = first.stack
        check_table_names_every_part(first)
        check_every_service_is_ready(stack)
        check_nothing_listens_beyond_loopback(stack)
        check_commands_find_it(guanjia, stack)
        check_bank_statement_is_entered_once(guanjia, stack, tmp_path / "bank.csv")
        wish = post_wish(stack, "m-1")
        assert wish.status_code == 201, wish.text
        pids = [first.process.pid, *stack.pids.values()]
        assert len(pids) == 1 + len(PARTS)
        assert first.stop(signal.SIGINT) == 0
    assert not [pid for pid in pids if is_alive(pid)]
    assert find_running_stack(tmp_path) is None
    assert "stop_too_slow" not in read_logs(tmp_path)

    with up(tmp_path, "--without", "notify", until="deploy.cli run notify") as second:
        with start_what_is_printed(second, tmp_path) as notify:
            assert "notify is ready" in second.read_until("Ctrl-C")
            check_every_service_is_ready(second.stack)
            assert "notify" not in second.stack.pids
            again = post_wish(second.stack, "m-1")
            assert (again.status_code, again.json()) == (201, wish.json())
            notify.terminate()
            assert notify.wait(STOPS_WITHIN_S) == -signal.SIGTERM  # uvicorn raises it again
        assert "notify does not answer" in second.read_until("does not answer")
        pids = list(second.stack.pids.values())
        assert second.stop(signal.SIGTERM) == 0
    assert not [pid for pid in pids if is_alive(pid)]
    assert not (tmp_path / "notify.env").exists()


@contextmanager
def start_what_is_printed(command: Up, data_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    """In a shell that knows nothing of the stack but the printed lines."""
    heading, *script = command.printed.splitlines()[-3:]
    assert "notify is yours to start" in heading
    assert len(script) == 2
    assert (data_dir / "notify.env").stat().st_mode & 0o777 == 0o600
    with subprocess.Popen(
        ["bash", "-c", "\n".join((script[0], f"exec {script[1].strip()}"))],
        stdout=subprocess.DEVNULL,
        env=build_environment(data_dir / "elsewhere"),
    ) as service:
        try:
            yield service
        finally:
            service.kill()  # whatever failed: who leaves waits for it


def check_table_names_every_part(command: Up) -> None:
    rows = command.printed.splitlines()
    for name in PARTS:
        row = next(row for row in rows if re.search(rf"\W{name}\W", row))
        assert str(command.data_dir / "logs" / f"{name}.log") in row
    for name, url in command.stack.urls.items():
        assert any(name in row and url in row for row in rows)
    assert str(command.stack.secrets_dir) in command.printed
    assert "gj_" not in command.printed


def check_every_service_is_ready(stack: RunningStack) -> None:
    for url in stack.urls.values():
        assert httpx.get(f"{url}/health/ready", timeout=30, trust_env=False).status_code == 200


def check_nothing_listens_beyond_loopback(stack: RunningStack) -> None:
    inodes = {inode for pid in stack.pids.values() for inode in list_sockets(pid)}
    listeners = [row for row in list_listeners() if row[1] in inodes]
    assert len(listeners) >= len(PARTS)
    assert {address for address, _ in listeners} == {"0100007F"}  # 127.0.0.1


def list_sockets(pid: int) -> set[str]:
    """Inodes. What is closed while this is read is not listening."""
    links = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            links.append(str(link.readlink()))
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def list_listeners() -> list[tuple[str, str]]:
    """(address in hex, inode) of every TCP listener, IPv4 and IPv6."""
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return [(row[1].partition(":")[0], row[9]) for row in rows if row[3] == "0A"]


def check_commands_find_it(guanjia: Guanjia, stack: RunningStack) -> None:
    status = guanjia("status")
    assert status.returncode == 0, status.stdout
    assert status.stdout.count("ready") == len(SERVICES)
    config = json.loads(guanjia("config", "--json").stdout)
    for name in SERVICES:
        assert config[name]["GUANJIA_GAP_ALARM_S"] == 7.5
        assert config[name]["GUANJIA_PORT"] == httpx.URL(stack.urls[name]).port
    assert "GUANJIA_GAP_ALARM_S" in guanjia("config", "intake").stdout
    for words in (("outbox", "status"), ("dead-letters", "list"), ("notices", "list")):
        result = guanjia(*words)
        assert result.returncode == 0, result.stderr
    unknown = guanjia("dead-letters", "discard", "unknown")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "404: 没有这条死信 · no such dead letter" in unknown.stderr
    other = guanjia("up")
    assert other.returncode == 1
    assert f"another stack (pid {stack.supervisor_pid}) runs on" in other.stderr


STATEMENT = """流水号,名称,电话,金额,基金,到账时间
B-1,茶园商会,+8613800000001,"11,361.50",warm,2022-01-20 08:30
B-2,粮油店,,0.01,warm,2022-01-21T08:30:00+08:00
B-3,粮油店,,0.001,warm,2022-01-21
B-4,粮油店,,5,nowhere,2022-01-21
"""


def check_bank_statement_is_entered_once(guanjia: Guanjia, stack: RunningStack, file: Path) -> None:
    fund = {"fund_id": "warm", "name": "暖冬", "restricted": False}
    for who, path, body in (("maker", "", fund), ("checker", "/warm/approve", None)):
        client = ServiceClient("audit", f"finance-{who}", file.parent)
        client.post(f"/funds{path}", body)
    file.write_text(STATEMENT)
    for entered, before in ((2, 0), (0, 2)):
        result = guanjia("import", "donations", str(file))
        assert result.returncode == 1, result.stderr
        assert f"entered: {entered}；" in result.stdout
        assert f"known before: {before}；被拒绝 refused: 2；" in result.stdout
        assert "no entry seen: 0" in result.stdout
        assert "has parts of a fen" in result.stdout
        assert "no such fund: nowhere" in result.stdout
        fund_view = ServiceClient("audit", "auditor", file.parent).get("/funds/warm")
        assert fund_view["received_fen"] == 1_136_151


def read_logs(data_dir: Path) -> str:
    return "".join(file.read_text(errors="replace") for file in (data_dir / "logs").iterdir())


@pytest.mark.timeout(STARTS_WITHIN_S)
def test_a_stop_during_the_start_leaves_nothing_behind(tmp_path: Path) -> None:
    command = subprocess.Popen(
        [sys.executable, "-m", "deploy.cli", "up"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=build_environment(tmp_path),
    )
    assert command.stdout
    command.stdout.readline()  # it handles signals from here on
    command.send_signal(signal.SIGINT)
    output, _ = command.communicate(timeout=STOPS_WITHIN_S)
    assert "Traceback" not in output
    assert command.returncode == 0
    assert find_running_stack(tmp_path) is None
    assert not (tmp_path / "stack.json").exists()


def test_only_a_service_can_be_left_out(tmp_path: Path) -> None:
    with up(tmp_path, "--without", "mongod", until="\0") as command:
        assert "--without" in command.printed
        assert command.process.wait(STOPS_WITHIN_S) == 2
