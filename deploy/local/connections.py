"""Connections that end: uvicorn waits for ever for a header or a body that does not come."""

from asyncio import Transport
from asyncio.events import TimerHandle

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_S = 10.0
BODY_S = 60.0
"""For the largest body on a slow line; imports come in parts."""


class TimedProtocol(HttpToolsProtocol):
    """Closes a connection whose request does not arrive in time.

    Between requests uvicorn's own `timeout_keep_alive` counts.
    """

    header_s = HEADER_S
    body_s = BODY_S
    _deadline: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_within(self.header_s)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_within(self.header_s)

    def on_headers_complete(self) -> None:
        self._expect_within(self.body_s)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._stop_expecting()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_expecting()
        super().connection_lost(exc)

    def _expect_within(self, seconds: float) -> None:
        self._stop_expecting()
        self._deadline = self.loop.call_later(seconds, self.transport.close)

    def _stop_expecting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
