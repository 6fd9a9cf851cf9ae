"""One request does not stop the others: token first, sizes, places, strangers."""

import asyncio
from asyncio import TimerHandle
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import httpx
import pytest

from deploy.local.connections import TimedProtocol
from services.intake.settings import IntakeSettings
from shared.security import Role
from shared.web.access import GuardedRoute, find_guard
from shared.web.admission import BODY_BYTES_MAX, LONG_LINE, READS_MAX, Admission, Line, TooManyError
from tests.support.eventually import eventually
from tests.support.services import CREATE, SERVICES, operations, start
from tests.support.serving import serve_app
from tests.support.stack_harness import RunningService, StackHarness

JSON = {"Content-Type": "application/json"}
CHUNK = b"x" * 65_536


class Upload:
    """A body without a length, and how much of it was taken."""

    def __init__(self, chunks: int) -> None:
        self.chunks = chunks
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.chunks):
            self.taken += 1
            yield CHUNK


async def post(running: RunningService, upload: Upload, headers: dict[str, str]) -> httpx.Response:
    return await running.http.post("/requests", content=aiter(upload), headers=JSON | headers)


def code(answer: httpx.Response) -> str:
    return str(answer.json()["problems"][0]["code"])


async def test_a_stranger_is_turned_away_before_his_body_is_parsed(stack: StackHarness) -> None:
    running = await start(stack, "intake")
    answer = await running.http.post("/requests", content=b"{" * 5_000_000, headers=JSON)
    assert (answer.status_code, code(answer)) == (401, "unauthenticated")


@pytest.mark.parametrize("chunks", [BODY_BYTES_MAX // len(CHUNK) + 1, 1000])
async def test_a_body_over_the_limit_is_not_read_to_its_end(
    stack: StackHarness, chunks: int
) -> None:
    running = await start(stack, "intake")
    own = stack.bearer("c-1", Role.COLLECTOR) | {"Idempotency-Key": "k-1"}
    answer = await post(running, Upload(chunks), own)
    assert (answer.status_code, code(answer)) == (413, "body_too_large")
    assert "分批" in answer.json()["problems"][0]["zh"]


async def test_a_batch_may_be_larger_than_a_single_request(stack: StackHarness) -> None:
    running = await start(stack, "intake")
    own = stack.bearer("c-1", Role.COLLECTOR)
    rows = [{"idempotency_key": f"k-{n}", "request": {"text": "长" * 4000}} for n in range(100)]
    answer = await running.http.post("/requests/batch", json=rows, headers=own)
    assert answer.status_code == 200
    assert {row["status"] for row in answer.json()["answers"]} == {422}


async def test_strangers_are_counted_by_address_and_told_when_to_return(
    stack: StackHarness,
) -> None:
    create, settings = CREATE["intake"]
    limits = {"stranger_limit_per_minute": 3, "refusal_pause_s": 0.1}
    running = await stack.start_app(create(stack.settings(settings, **limits)))
    statuses = [(await running.http.get("/summary")).status_code for _ in range(5)]
    answer = await running.http.get("/summary")
    known = await running.http.get("/summary", headers=stack.bearer("c-1", Role.COLLECTOR))
    assert statuses == [401, 401, 401, 429, 429]
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert known.status_code == 200


async def test_one_callers_flood_leaves_places_to_the_others() -> None:
    admission = Admission(per_minute=1000, strangers_per_minute=10, in_flight_max=2)
    async with admission.occupy("flood", reads=True), admission.occupy("flood", reads=True):
        with pytest.raises(TooManyError):
            async with admission.occupy("flood", reads=True):
                pass
        async with admission.occupy("other", reads=True):
            pass
    async with admission.occupy("flood", reads=True):
        pass


async def test_who_is_here_shares_the_reads_that_run_at_a_time() -> None:
    admission = Admission(per_minute=1000, strangers_per_minute=10, in_flight_max=100)
    running, release = 0, asyncio.Event()

    async def ask(caller: str) -> None:
        nonlocal running
        async with admission.occupy(caller, reads=True):
            running += 1
            await release.wait()

    async def count() -> int:
        return running

    async with admission.occupy("other", reads=True):
        tasks = [asyncio.create_task(ask("flood")) for _ in range(50)]
        await eventually(count, lambda n: n == READS_MAX // 2)
    tasks.append(asyncio.create_task(ask("other")))
    await eventually(count, lambda n: n == READS_MAX // 2 + 1)
    release.set()
    await asyncio.gather(*tasks)
    assert running == 51


async def test_a_long_line_rests_between_reads_while_others_are_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    admission = Admission(per_minute=1000, strangers_per_minute=10, in_flight_max=100)
    rests: list[Callable[[], None]] = []
    call_later = asyncio.get_running_loop().call_later

    def note_rest(delay: float, callback: Callable[..., None], *args: Any) -> TimerHandle | None:
        if getattr(callback, "__func__", None) is not Line.leave:  # another test's, on this loop
            return call_later(delay, callback, *args)
        rests.append(partial(callback, *args))
        return None

    async def occupy() -> None:
        async with admission.occupy("flood", reads=True):
            running.append(None)
            await release.wait()

    async def turn() -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    running: list[None] = []
    release = asyncio.Event()
    share = READS_MAX // 2
    async with admission.occupy("other", reads=True):
        pass
    monkeypatch.setattr(asyncio.get_running_loop(), "call_later", note_rest)
    tasks = [asyncio.create_task(occupy()) for _ in range(LONG_LINE + share)]
    await turn()
    release.set()
    await turn()
    assert (len(running), len(rests)) == (share, share), "their places rest, and the line waits"
    while rests:
        rests.pop()()
    await asyncio.gather(*tasks)
    assert len(running) == len(tasks)


async def test_a_command_waits_for_no_read() -> None:
    admission = Admission(per_minute=1000, strangers_per_minute=10, in_flight_max=100)
    async with AsyncExitStack() as reads:
        for _ in range(READS_MAX):
            await reads.enter_async_context(admission.occupy("caller", reads=True))
        async with admission.occupy("caller", reads=False):
            pass


async def test_who_gives_up_waiting_keeps_no_place() -> None:
    admission = Admission(per_minute=1000, strangers_per_minute=10, in_flight_max=100)

    async def ask() -> None:
        async with admission.occupy("caller", reads=True):
            pass

    async with AsyncExitStack() as reads:
        for _ in range(READS_MAX):
            await reads.enter_async_context(admission.occupy("caller", reads=True))
        impatient, patient = asyncio.create_task(ask()), asyncio.create_task(ask())
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
    async with asyncio.timeout(60):
        await patient


async def test_more_at_a_time_than_a_caller_has_places_is_429(stack: StackHarness) -> None:
    create, _ = CREATE["intake"]
    app = create(stack.settings(IntakeSettings, requests_in_flight_max=2))
    running = await stack.start_app(app)
    own = stack.bearer("c-1", Role.COLLECTOR)
    answers = await asyncio.gather(*(running.http.get("/summary", headers=own) for _ in range(20)))
    statuses = {answer.status_code for answer in answers}
    assert statuses == {200, 429}
    assert all("Retry-After" in a.headers for a in answers if a.status_code == 429)


@pytest.mark.parametrize("service", SERVICES)
async def test_every_guarded_route_asks_for_the_token_first(
    stack: StackHarness, service: str
) -> None:
    create, settings = CREATE[service]
    routes = [o.route for o in operations(create(stack.settings(settings))) if o.route]
    assert [r.path for r in routes if find_guard(r) and not isinstance(r, GuardedRoute)] == []


# --- connections ----------------------------------------------------------------------------------


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    """A connection that is closed while something of it is unread is reset."""
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


class HastyProtocol(TimedProtocol):
    header_s = 0.2
    body_s = 0.4


async def test_connections_whose_request_never_ends_are_closed_and_no_others(
    stack: StackHarness,
) -> None:
    app = CREATE["intake"][0](stack.settings(IntakeSettings))
    async with serve_app(app, http=HastyProtocol) as server:

        async def count_connections() -> int:
            return len(server.server_state.connections)

        await eventually(count_connections, lambda count: count == 0)
        begun = [
            b"",
            b"GET /summary HTTP/1.1\r\nHost: x\r\nX-Slow: ",
            b"POST /callbacks/wechat HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{",
        ]
        async with httpx.AsyncClient(base_url=server.url, timeout=30, trust_env=False) as http:
            assert (await http.get("/health/live")).status_code == 200
            pairs = [await asyncio.open_connection(*server.address) for _ in range(60)]
            for number, (_, writer) in enumerate(pairs):
                writer.write(begun[number % len(begun)])
            ended = [await read_to_end(reader) for reader, _ in pairs]
            assert not any(text.startswith(b"HTTP/1.1 200") for text in ended)
            await eventually(count_connections, lambda count: count == 1)
            assert (await http.get("/health/live")).status_code == 200
            assert await count_connections() == 1
        for _, writer in pairs:
            writer.close()
