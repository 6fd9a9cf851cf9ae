"""The last release runs beside today's services under load, on the same topics and databases, and
leaves: its instances share the partitions, the jobs and the front's requests with today's."""

from pathlib import Path

import pytest

from deploy.chaos.older import OlderMissingError, unpack_older
from deploy.chaos.running import ChaosOptions, run_chaos
from deploy.chaos.schedule import FaultKind
from shared.contracts.topics import SERVICES
from tests.system.test_system import BROKER

SECONDS = 60.0
PER_S = 2.0


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_the_last_release_works_beside_todays_services_and_leaves(tmp_path: Path) -> None:
    try:
        older = unpack_older(tmp_path / "older")
    except OlderMissingError as missing:
        pytest.skip(str(missing))
    options = ChaosOptions(
        data_dir=tmp_path / "run",
        seconds=SECONDS,
        seed=1,
        broker=BROKER,
        brokers=1,
        per_s=PER_S,
        kinds=(FaultKind.OLDER,),
        older=older,
    )
    outcome = await run_chaos(options, print)
    assert {each.fault.target for each in outcome.struck} == set(SERVICES)
    assert set(outcome.worked) == {f"{name}-older" for name in SERVICES}
    assert [check for check in outcome.checks if not check.holds] == []
    assert outcome.finished == options.wishes
