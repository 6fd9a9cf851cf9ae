"""A foreign system in a process of its own: carries events from its input to an inbound topic.

    python -m deploy.demo.bridge SOURCE TOPIC < EVENTS

EVENTS: a JSON object a line, `{"id", "time", "type", "data"}`; a line may come twice. The signing
key comes as GUANJIA_PUBLISHER_KEY (hex), so this process knows no other secret. Ends when every
event has led to its fact, so whatever a broker loses meanwhile is sent again.
"""

import asyncio
import json
import os
import sys
from datetime import datetime

from shared import logs
from shared.contracts.envelope import Fact
from shared.contracts.events import BankLineStated, DonationReceived, RequestSubmitted
from shared.messaging.connection import BrokerConnection
from shared.messaging.foreign import ForeignPublisher
from shared.settings import Settings, load_settings

KINDS: dict[str, type[Fact]] = {
    kind.TYPE: kind for kind in (BankLineStated, DonationReceived, RequestSubmitted)
}
QUIET_S_MAX = 120.0
"""So long nothing is answered: nothing more will be."""


def format_line(message_id: str, time: datetime, data: Fact) -> str:
    content = data.model_dump(mode="json", exclude_none=True)
    event = {"id": message_id, "time": time.isoformat(), "type": data.TYPE, "data": content}
    return json.dumps(event, ensure_ascii=False)


async def carry(source: str, topic: str, key: bytes, settings: Settings) -> int:
    """How many events were answered. Raises TimeoutError."""
    async with ForeignPublisher(
        BrokerConnection.from_settings(settings),
        source=source,
        key=key,
        topic=topic,
        idempotent=settings.broker == "kafka",
    ) as publisher:
        while text := await asyncio.to_thread(sys.stdin.readline):
            message_id, time, data = _parse_line(text)
            await publisher.publish(message_id, data, time)
        await wait_answered(publisher)
        return publisher.answered


async def wait_answered(publisher: ForeignPublisher) -> None:
    """For as long as answers come: a slow machine takes its time. Raises TimeoutError, which names
    what waits."""
    while True:
        before = publisher.answered
        try:
            async with asyncio.timeout(QUIET_S_MAX):
                await publisher.wait_answered()
        except TimeoutError:
            if publisher.answered == before:
                waiting = ", ".join(publisher.waiting)
                raise TimeoutError(f"{before} answered, not: {waiting}") from None
        else:
            return


def _parse_line(text: str) -> tuple[str, datetime, Fact]:
    event = json.loads(text)
    time = datetime.fromisoformat(event["time"])
    return event["id"], time, KINDS[event["type"]].model_validate(event["data"])


def main() -> None:
    source, topic = sys.argv[1:]
    settings = load_settings(Settings)
    logs.configure("bridge", settings.log_level)
    key = bytes.fromhex(os.environ["GUANJIA_PUBLISHER_KEY"])
    answered = asyncio.run(carry(source, topic, key, settings))
    print(json.dumps({"answered": answered}))


if __name__ == "__main__":
    main()
