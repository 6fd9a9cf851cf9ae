"""Traces: a request's spans are one trace, hold ids alone, and cost nothing where they are off."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased

from shared.contracts import topics
from shared.http import Reply
from shared.messaging.decision import Command
from shared.security import Role
from shared.tracing import tracer
from shared.tracing.context import (
    Sampling,
    TraceContext,
    derive_span_id,
    derive_trace_id,
    find_followed,
    follow,
    format_traceparent,
    parse_traceparent,
)
from shared.tracing.http import TracedClient
from tests.support.eventually import eventually
from tests.support.ledgerlet import Add, ledgerlet
from tests.support.ledgerlet_harness import MATCHING, load_counter, make_acceptance, make_donation
from tests.support.otlp_receiver import ReceivedSpan, Receiver, receive_traces
from tests.support.stack_harness import RunningService, StackHarness

ALL, NONE = Sampling(2**64), Sampling(0)
STRANGER = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")


def derive(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()


# --- ids ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
    ],
)
def test_what_is_no_trace_context_is_none(text: str) -> None:
    assert parse_traceparent(text) is None
    assert parse_traceparent(format_traceparent(STRANGER)) == STRANGER


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 1.0])
def test_sampling_is_opentelemetrys_by_ratio(share: float) -> None:
    sampler = TraceIdRatioBased(share)
    sampling = Sampling(TraceIdRatioBased.get_bound_for_rate(share))
    for number in range(200):
        trace_id = derive_trace_id(f"C-{number}")
        theirs = sampler.should_sample(None, int(trace_id, 16), "")
        assert sampling.takes(trace_id) == (theirs.decision is Decision.RECORD_AND_SAMPLE)


def test_of_several_requests_the_first_that_is_sampled_is_followed() -> None:
    first, second = derive_trace_id("C-1"), derive_trace_id("C-2")
    only_second = Sampling(int(second[16:], 16) + 1)
    expected = first if int(first[16:], 16) <= int(second[16:], 16) else second
    with follow(("C-1", "C-2")):
        assert find_followed(ALL) == TraceContext(first)
        assert find_followed(only_second) == TraceContext(expected)
        assert find_followed(NONE) is None
        with follow(STRANGER):
            assert find_followed(ALL) == STRANGER
    assert find_followed(ALL) is None


# --- off ------------------------------------------------------------------------------------------


def test_where_traces_are_off_opentelemetry_is_not_imported() -> None:
    program = (
        "import sys, services.intake.main\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry.sdk')]\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry.exporter')]\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


async def read_ledger(stack: StackHarness, count: int) -> list[dict[str, Any]]:
    async def read() -> list[dict[str, Any]]:
        return await stack.read(topics.LEDGER)

    return await eventually(read, lambda found: len(found) >= count)


@pytest.mark.parametrize("share", [None, 0.0])
async def test_events_without_a_trace_are_as_they_were(
    stack: StackHarness, share: float | None
) -> None:
    on = {} if share is None else {"traces_url": "http://127.0.0.1:9/v1", "traces_share": share}
    await stack.start(ledgerlet(), **on)
    await stack.publish(stack.own(MATCHING, "M-1", 1, make_acceptance()))
    [event] = await read_ledger(stack, 1)
    assert event["traceparent"] == f"00-{derive('C-1', 16)}-{derive('M-1:1', 8)}-01"


# --- on, at a real receiver -----------------------------------------------------------------------


async def start_traced(
    stack: StackHarness, receiver: Receiver, name: str = "audit", **given: Any
) -> RunningService:
    return await stack.start(
        ledgerlet(name=name), traces_url=receiver.url, traces_share=1.0, **given
    )


async def wait_spans(receiver: Receiver, count: int) -> list[ReceivedSpan]:
    async def look() -> list[ReceivedSpan]:
        return list(receiver.spans)

    return await eventually(look, lambda spans: len(spans) >= count)


async def test_an_event_is_a_span_and_what_it_led_to_a_child(stack: StackHarness) -> None:
    async with receive_traces() as receiver:
        await start_traced(stack, receiver)
        await stack.publish(
            stack.own(MATCHING, "M-1", 2, make_acceptance()),
            stack.own(MATCHING, "M-1", 1, make_acceptance()),
        )
        events = await read_ledger(stack, 2)
        spans = await wait_spans(receiver, 4)
    assert {span.trace_id for span in spans} == {derive("C-1", 16)}
    assert len({span.span_id for span in spans}) == 4
    processed = {s.attributes["cloudevents.event_id"]: s for s in spans if s.kind == "consumer"}
    created = {s.attributes["cloudevents.event_id"]: s for s in spans if s.kind == "producer"}
    assert processed.keys() == {f"{MATCHING}:M-1:1", f"{MATCHING}:M-1:2"}
    assert created.keys() == {event["id"] for event in events}
    for event in events:
        span = created[event["id"]]
        assert event["traceparent"] == f"00-{span.trace_id}-{span.span_id}-01"
        assert span.parent == processed[event["causationid"]].span_id
        assert span.name == f"create {event['type']}"
    assert all(span.lasted_ns > 0 for span in processed.values())
    assert {span.name for span in processed.values()} == {"process guanjia.match.accepted.v1"}


async def test_an_event_from_outside_shows_neither_its_id_nor_a_trace_of_its_own(
    stack: StackHarness,
) -> None:
    """Its id may be somebody's phone, and its traceparent another's trace: that becomes a link."""
    stack.bearer("bank", Role.BANK, source="/bank/icbc")
    topic, key, value, _ = stack.foreign("/bank/icbc", "13800138000", make_donation(100))
    event = json.loads(value) | {"traceparent": format_traceparent(STRANGER)}
    async with receive_traces() as receiver:
        await start_traced(stack, receiver)
        record = stack.signed("/bank/icbc", topic, key.decode(), json.dumps(event).encode())
        await stack.publish(record)
        [emitted] = await read_ledger(stack, 1)
        spans = await wait_spans(receiver, 2)
    assert {span.trace_id for span in spans} == {derive(emitted["correlationid"], 16)}
    [processed] = [span for span in spans if span.kind == "consumer"]
    assert processed.parent == ""
    assert processed.links == (STRANGER.trace_id,)
    assert "13800138000" not in repr(spans)


async def test_a_failure_is_seen_in_its_requests_trace(stack: StackHarness) -> None:
    async with receive_traces() as receiver:
        await start_traced(stack, receiver)
        await stack.publish(stack.own(MATCHING, "M-1", 1, make_acceptance(666)))
        [span] = await wait_spans(receiver, 1)
    assert span.failed
    assert span.attributes["guanjia.result"] == "bug"


async def test_a_command_is_a_span_in_the_trace_of_what_it_changed(stack: StackHarness) -> None:
    async with receive_traces() as receiver:
        service = await start_traced(stack, receiver)
        key = "/channels/x|13800138000"
        await service.runtime.processor.execute(Command(Add(counter="C", amount=1), key=key))
        [event] = await read_ledger(stack, 1)
        spans = await wait_spans(receiver, 2)
    assert {span.name for span in spans} == {"decide Add", f"create {event['type']}"}
    assert {span.trace_id for span in spans} == {derive(event["correlationid"], 16)}
    assert "13800138000" not in repr(spans)


async def test_what_was_decided_before_a_stop_is_exported(
    stack: StackHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the stop: without it nothing would go for a long time."""
    monkeypatch.setattr(tracer, "EXPORT_EVERY_MS", 600_000)
    monkeypatch.setattr(tracer, "CLOSE_S_MAX", 60.0)
    async with receive_traces() as receiver:
        service = await start_traced(stack, receiver)
        await service.runtime.processor.execute(Command(Add(counter="C", amount=1), key="k"))
        await service.stop()
        assert len(receiver.spans) == 2


async def test_what_fails_in_a_trace_decides_nothing_again(
    stack: StackHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By then the batch is stored: whoever raises makes it be decided twice."""
    monkeypatch.setattr(tracer, "list_spans", Mock(side_effect=AttributeError("TYPE")))
    async with receive_traces() as receiver:
        service = await start_traced(stack, receiver)
        await service.runtime.processor.execute(Command(Add(counter="C", amount=1)))
    assert (await load_counter(service, "C")).total == 1


# --- over HTTP ------------------------------------------------------------------------------------


async def call_ready(
    service: RunningService, headers: Mapping[str, str], trace: TraceContext
) -> None:
    sent = {**headers, "traceparent": format_traceparent(trace)}
    answer = await service.http.post("/internal/operations", headers=sent)
    assert answer.status_code in (200, 401, 403)


async def test_a_call_goes_on_in_the_trace_of_our_own_services_and_of_nobody_else(
    stack: StackHarness,
) -> None:
    ours = TraceContext(derive_trace_id("C-1"), derive_span_id("call"))
    async with receive_traces() as receiver:
        service = await start_traced(stack, receiver)
        for role in set(Role) - {Role.SERVICE}:
            await call_ready(service, stack.bearer(role.value.replace("_", "-"), role), STRANGER)
        await call_ready(service, {}, STRANGER)
        await call_ready(service, {"Authorization": "Bearer gj_service_wrong"}, STRANGER)
        await call_ready(service, stack.bearer("service", Role.SERVICE), ours)
        [span] = await wait_spans(receiver, 1)
        await service.stop()
    assert len(receiver.spans) == 1
    assert (span.trace_id, span.parent, span.kind) == (ours.trace_id, ours.span_id, "server")
    assert span.name == "POST /internal/operations"
    assert span.attributes["http.response.status_code"] == "200"


def make_client(sampling: Sampling) -> tuple[AsyncMock, Mock, TracedClient]:
    """What is posted, the tracer, and the client between them."""
    post = AsyncMock(return_value=Reply(204, {}, b""))
    recorder = Mock(sampling=sampling, now_ns=lambda: 0)
    client = TracedClient(Mock(post=post), recorder, {"http://intake:8001": "intake"})
    return post, recorder, client


async def test_only_our_own_services_are_told_the_trace() -> None:
    post, recorder, client = make_client(ALL)
    with follow(("C-1",)):
        await client.post("http://intake:8001/internal/contacts", b"", headers={})
        await client.post("https://sms.example/send?access_token=secret", b"", headers={})
    await client.post("http://intake:8001/internal/sessions", b"", headers={})
    inner, provider = [span for call in recorder.record.call_args_list for span in call.args[0]]
    sent = [call.kwargs["headers"] for call in post.call_args_list]
    assert sent == [{"traceparent": format_traceparent(inner.context)}, {}, {}]
    assert [inner.name, provider.name] == ["POST intake", "POST sms.example"]
    assert provider.context.trace_id == derive("C-1", 16)
    assert "secret" not in repr(provider)


async def test_a_call_of_a_request_that_is_not_sampled_is_no_span() -> None:
    post, recorder, client = make_client(NONE)
    with follow(("C-1",)):
        await client.post("http://intake:8001/internal/contacts", b"", headers={})
    assert post.call_args.kwargs["headers"] == {}
    recorder.record.assert_not_called()
