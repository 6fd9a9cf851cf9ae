"""One request through all four services is one trace, at a real receiver."""

from collections import defaultdict
from pathlib import Path

import pytest

from shared.contracts.topics import SERVICES
from shared.tracing.context import derive_trace_id
from tests.support.eventually import eventually
from tests.support.otlp_receiver import ReceivedSpan, receive_traces
from tests.system.test_system import ended, running

PERSONAL = ("+86", "张", "测试")


@pytest.mark.long
@pytest.mark.timeout(240)
async def test_the_spans_of_one_request_by_all_four_services_have_one_trace_id(
    tmp_path: Path,
) -> None:
    wishes = 3
    async with receive_traces() as receiver:
        settings = {"GUANJIA_TRACES_URL": receiver.url, "GUANJIA_TRACES_SHARE": "1"}
        async with running(tmp_path, settings) as (_, lifecycles):
            await lifecycles.give(wishes)
            await lifecycles.submit(range(wishes))
            await ended(lifecycles, wishes, 150)
            proposed = [
                event
                for event in lifecycles.events.values()
                if event["type"] == "guanjia.match.proposed.v1"
            ]
            traces = {derive_trace_id(event["correlationid"]) for event in proposed}
            assert len(traces) == wishes

            async def look() -> dict[str, list[ReceivedSpan]]:
                spans: dict[str, list[ReceivedSpan]] = defaultdict(list)
                for span in list(receiver.spans):
                    spans[span.trace_id].append(span)
                return {id_: spans[id_] for id_ in traces}

            found = await eventually(look, has_all_services, 30)
    assert not [word for word in PERSONAL if word in repr(receiver.spans)]
    for spans in found.values():
        assert len({span.span_id for span in spans}) == len(spans), "each span has its own id"
        names = {(span.service, span.name) for span in spans}
        assert ("intake", "create guanjia.request.opened.v1") in names
        assert ("notify", "create guanjia.notice.sent.v1") in names
    # One call asks for the contacts of several notices, in the trace of the first.
    names = {(span.service, span.name) for spans in found.values() for span in spans}
    assert {("notify", "POST intake"), ("intake", "POST /internal/contacts")} <= names


def has_all_services(found: dict[str, list[ReceivedSpan]]) -> bool:
    names = [{(s.service, s.kind) for s in spans} for spans in found.values()]
    wanted = {(service, "consumer") for service in SERVICES}
    return all(wanted <= each for each in names)
