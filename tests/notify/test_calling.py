"""A call that never began is none of its provider's: it frees its place and is not timed."""

import time
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from prometheus_client import CollectorRegistry, Histogram

from services.notify.calling import Caller, Grant
from services.notify.dispatching import Dispatcher
from services.notify.providers import Outcome
from services.notify.registers import NEVER_BEGAN
from services.notify.settings import NotifySettings
from services.notify.turns import Recipients
from shared import telemetry
from tests.notify.decisions import make_with_notice


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Histogram:
    labels = ("provider", "outcome")
    calls = Histogram("calls", "of a test", labels, registry=CollectorRegistry())
    monkeypatch.setattr(telemetry, "PROVIDER_SECONDS", calls)
    return calls


def make_grant(*, register_id: str = "", start_before: float | None = None) -> Grant:
    notice = make_with_notice().notice
    answer: dict[str, Any] = {
        "attempt": 1,
        "channel": "sms",
        "provider": "tencent",
        "as_subscription": False,
    }
    until, now = start_before, time.monotonic()
    recipients = Mock(spec=Recipients, names={})
    return Grant(notice, answer, recipients, now + 60 if until is None else until, now, register_id)


class CallerHarness:
    """A caller whose provider takes everything. outcomes: what is recorded."""

    def __init__(self, *, is_noted: bool = True) -> None:
        self.send = AsyncMock(return_value=Outcome("sent", provider_message_id="M-1"))
        settings = NotifySettings(sms_providers=("tencent",))
        runtime: Any = SimpleNamespace(settings=settings, resources=SimpleNamespace(send=self.send))
        self.dispatcher = Dispatcher(runtime)
        self.recorder = Mock()
        registrar = Mock(begin=AsyncMock(return_value=is_noted))
        self.caller = Caller(runtime, self.dispatcher, self.recorder, registrar, 0)

    async def call(self, grant: Grant) -> str:
        """The code of its outcome."""
        self.caller.begin(grant)
        await self.caller.join()
        [recorded] = self.recorder.put.call_args.args
        assert self.dispatcher._gates["tencent"].in_use == 0, "its place is free again"
        return str(recorded.data.code)


def count_calls(seconds: Histogram) -> dict[str, float]:
    [family] = seconds.collect()
    return {
        sample.labels["outcome"]: sample.value
        for sample in family.samples
        if sample.name.endswith("_count")
    }


async def test_a_call_is_timed_by_its_outcome(seconds: Histogram) -> None:
    harness = CallerHarness()
    assert await harness.call(make_grant()) == ""
    assert harness.send.await_count == 1
    assert count_calls(seconds) == {"sent": 1}


@pytest.mark.parametrize(
    ("grant", "is_noted", "code"),
    [
        (make_grant(register_id="G-1"), False, NEVER_BEGAN),
        (make_grant(start_before=0.0), True, "claim_too_old"),
    ],
)
async def test_a_call_that_never_began_is_not_timed(
    seconds: Histogram, grant: Grant, code: str, *, is_noted: bool
) -> None:
    harness = CallerHarness(is_noted=is_noted)
    assert await harness.call(grant) == code
    assert harness.send.await_count == 0
    assert count_calls(seconds) == {}
