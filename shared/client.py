"""HTTP to a running service, for commands: finds it, brings a token, says what is wrong.

Addresses: `GUANJIA_<NAME>_URL`, else `stack.json` of the data folder. Token: `GUANJIA_TOKEN`, else
`<id>.token` of the secrets folder.
"""

import json
import os
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from shared.documents import Document

TRIES_MAX = 5
WAIT_S_MAX = 5.0
RETRY_AFTER_S_MAX = 61.0
_BUSY = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class ServiceError(SystemExit):
    """Ends a command with lines for people, Chinese and English, and exit code 1.

    status: of the HTTP answer; 0 when there was none.
    """

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class ServiceClient:
    """Speaks to one service as one credential. Every method raises ServiceError."""

    def __init__(
        self,
        service: str,
        token_id: str = "operator",  # noqa: S107 - a name
        data_dir: Path | None = None,
    ) -> None:
        self.service = service
        self.url = find_service_url(service, data_dir)
        headers = {"Authorization": f"Bearer {read_token(token_id, data_dir)}"}
        # A proxy of the environment is for addresses elsewhere.
        elsewhere = httpx.URL(self.url).host not in _LOOPBACK
        self._http = httpx.Client(
            base_url=self.url, headers=headers, timeout=60, trust_env=elsewhere
        )

    def get(self, path: str, params: Document | None = None) -> Any:
        return self._ask(self._http.build_request("GET", path, params=params))

    def post(self, path: str, json: Any = None, key: str | None = None) -> Any:
        """key: the Idempotency-Key; without one, a new command each time."""
        headers = {"Idempotency-Key": key or uuid4().hex}
        return self._ask(self._http.build_request("POST", path, json=json, headers=headers))

    def upload(self, path: str, content: bytes, fields: dict[str, str]) -> Any:
        """A file in a form. The same content again is the same file."""
        headers = {"Idempotency-Key": str(uuid4())}
        files = {"file": ("file", content)}
        request = self._http.build_request("POST", path, data=fields, files=files, headers=headers)
        return self._ask(request)

    def _ask(self, request: httpx.Request) -> Any:
        for wait_s in (*(min(2**n / 2, WAIT_S_MAX) for n in range(TRIES_MAX - 1)), None):
            answer = self._send(request)
            if answer.status_code not in _BUSY or wait_s is None:
                break
            # The same key: asking again repeats nothing.
            time.sleep(max(wait_s, _read_retry_after(answer)))
        return self._read(answer)

    def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._http.send(request)
        except httpx.HTTPError as error:
            what = type(error).__name__
            raise ServiceError(
                f"{self.service} 没有应答（{self.url}，{what}），是否已运行 guanjia up？· "
                f"{self.service} does not answer at {self.url} ({what}); is `guanjia up` running?"
            ) from None

    def _read(self, answer: httpx.Response) -> Any:
        if answer.is_success:
            return answer.json() if answer.content else None
        raise ServiceError(_format_problems(self.service, answer), answer.status_code)


def _read_retry_after(answer: httpx.Response) -> float:
    """How long the service wants us to wait: up to a minute, which is what it counts by."""
    text = answer.headers.get("Retry-After", "")
    return min(float(text), RETRY_AFTER_S_MAX) if text.isdigit() else 0.0


def _format_problems(service: str, answer: httpx.Response) -> str:
    try:
        lines = [
            f"{p['field']}: {p['zh']} · {p['en']}" if p.get("field") else f"{p['zh']} · {p['en']}"
            for p in answer.json()["problems"]
        ]
    except (ValueError, KeyError, TypeError):
        lines = []
    head = f"{service} {answer.status_code}"
    return "\n".join(f"{head}: {line}" for line in lines or [answer.reason_phrase])


# --- where things are ---------------------------------------------------------------------------


def find_data_dir() -> Path:
    value = os.environ.get("GUANJIA_DATA_DIR")
    return Path(value) if value else Path.home() / ".local/share/guanjia"


def find_secrets_dir(data_dir: Path | None = None) -> Path:
    """Of the given folder, else the environment's, else the running stack's, else the usual one."""
    if data_dir is None and (value := os.environ.get("GUANJIA_SECRETS_DIR")):
        return Path(value)
    data_dir = data_dir or find_data_dir()
    recorded = _read_stack(data_dir).get("secrets_dir")
    return Path(recorded) if recorded else data_dir / "secrets"


def find_service_url(service: str, data_dir: Path | None = None) -> str:
    """Raises ServiceError when nothing tells where it runs."""
    name = f"GUANJIA_{service.upper().replace('-', '_')}_URL"
    value = os.environ.get(name) if data_dir is None else None
    folder = data_dir or find_data_dir()
    url = value or _read_stack(folder).get("urls", {}).get(service)
    if not url:
        raise ServiceError(
            f"{folder} 没有运行中的莞家：请先运行 guanjia up，或设置 {name} · "
            f"nothing runs on {folder}: start `guanjia up`, or set {name}"
        )
    return str(url)


def read_token(token_id: str, data_dir: Path | None = None) -> str:
    """Raises ServiceError when there is no such token here."""
    value = os.environ.get("GUANJIA_TOKEN") if data_dir is None else None
    if value:
        return value
    file = find_secrets_dir(data_dir) / f"{token_id}.token"
    try:
        return file.read_text().strip()
    except OSError as error:
        raise ServiceError(
            f"读不到凭证 {file}（{error.strerror}）：可设置 GUANJIA_TOKEN · "
            f"no token at {file} ({error.strerror}): GUANJIA_TOKEN takes its place"
        ) from None


def _read_stack(data_dir: Path) -> Document:
    try:
        stack = json.loads((data_dir / "stack.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return stack if isinstance(stack, dict) else {}
