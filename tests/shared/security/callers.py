"""Who comes in, and how what they bring is refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from shared.contracts import topics
from shared.errors import Invalid
from shared.security import Keyring
from tests.support.examples import count_examples

NOW = datetime(2022, 1, 20, 8, 0, tzinfo=UTC)
VILLAGE, INBOUND = "/channels/village", topics.REQUESTS_INBOUND
quick = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=count_examples(15, 50)
)


def token(stack: Path, id_: str) -> str:
    return (stack / f"{id_}.token").read_text().strip()


def check_refused(
    keyring: Keyring, source: str, topic: str, value: bytes, signature: bytes | None, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        keyring.check_record(source, topic, value, signature)
    assert [problem.code for problem in refused.value.problems] == [code]
