"""What any release wrote is still read, to the last field."""

import json
from pathlib import Path

import pytest

from shared.contracts.envelope import parse_envelope, parse_event
from shared.contracts.events import BY_TYPE
from tests.contracts.golden import list_releases, read_release

RELEASES = list_releases()
ADVICE = "run `python -m tests.contracts.golden DATE` and commit the file"


@pytest.mark.parametrize("release", RELEASES, ids=lambda file: file.stem)
def test_every_event_of_a_release_is_read_as_it_was_meant(release: Path) -> None:
    for line in read_release(release):
        written = json.loads(line)
        read = parse_event(parse_envelope(line), BY_TYPE[written["type"]])
        assert read.data.model_dump(mode="json", exclude_unset=True) == written["data"]
        assert (read.source, read.subject) == (written["source"], written.get("subject", ""))
        assert str(read.sequence) == written.get("sequence", "0")
        assert read.correlation_id == written.get("correlationid", written["id"])
        assert read.causation_id == written.get("causationid", "")


def test_every_type_of_event_has_its_golden_bytes() -> None:
    golden = {json.loads(line)["type"] for file in RELEASES for line in read_release(file)}
    assert golden == BY_TYPE.keys(), ADVICE
