"""What notify is measured beside: a loop that signs and posts the same SMS, and does nothing else.

`python -m tests.bench.bare_notices URL KEY CALLS COUNT`: COUNT bodies, CALLS at a time, over one
pool of aiohttp's. It asks nobody where a person is reached, decides and stores nothing, and forgets
the answer. Prints how many it sent a second, and its CPU milliseconds for each.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import aiohttp

from services.notify.providers.tencent import sign_tencent

APP_ID, SECRET_ID, SIGN_NAME = "1400000000", "AKIDSIMULATOR", "东莞民政"
CONTENT_TYPE = "application/json"


def build_bodies(template: str, count: int) -> Iterator[bytes]:
    for number in range(count):
        content = {
            # The simulators take it and send no receipt: intake and notify rest meanwhile.
            "PhoneNumberSet": [f"+861{number:04d}990004"],
            "SmsSdkAppId": APP_ID,
            "TemplateId": template,
            "SignName": SIGN_NAME,
            "TemplateParamSet": [f"{number:06X}"[-6:]],
            "SessionContext": f"N-{number:020x}",
        }
        yield json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


async def post_each(url: str, key: str, bodies: Iterator[bytes]) -> None:
    host = urlsplit(url).netloc
    async with aiohttp.ClientSession() as session:
        for body in bodies:
            at = datetime.now(UTC)
            headers = {
                "Authorization": sign_tencent(SECRET_ID, key, host=host, body=body, at=at),
                "Content-Type": CONTENT_TYPE,
                "Host": host,
                "X-TC-Action": "SendSms",
                "X-TC-Version": "2021-01-11",
                "X-TC-Timestamp": str(int(at.timestamp())),
                "X-TC-Region": "ap-guangzhou",
            }
            async with session.post(url, data=body, headers=headers) as answer:
                status = json.loads(await answer.read())["Response"]["SendStatusSet"][0]["Code"]
                assert status == "Ok", status


async def run(url: str, key: str, calls: int, template: str, count: int) -> None:
    bodies = build_bodies(template, count)
    began, cpu = time.monotonic(), time.process_time()
    await asyncio.gather(*(post_each(url, key, bodies) for _ in range(calls)))
    took, cpu = time.monotonic() - began, time.process_time() - cpu
    print(json.dumps({"per_s": count / took, "cpu_ms": cpu * 1000 / count}))


if __name__ == "__main__":
    address, secret, at_once, template_id, total = sys.argv[1:]
    asyncio.run(run(address, secret, int(at_once), template_id, int(total)))
