"""The bridge waits while answers come, and a campaign that fails stops its stack."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deploy.demo import bridge
from tests.pages import screenshots


class Publisher:
    """Has one more answered at each look, up to `comes`; all are once there are `wanted`."""

    def __init__(self, comes: int, wanted: int) -> None:
        self.answered, self._comes, self._wanted = 0, comes, wanted

    @property
    def waiting(self) -> tuple[str, ...]:
        return tuple(f"m-{number}" for number in range(self.answered, self._wanted))

    async def wait_answered(self) -> None:
        if self.answered < self._comes:
            self.answered += 1
        if self.answered < self._wanted:
            await asyncio.Event().wait()


async def test_a_bridge_waits_for_as_long_as_answers_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "QUIET_S_MAX", 0.01)
    slow: Any = Publisher(comes=5, wanted=5)
    await bridge.wait_answered(slow)
    assert slow.answered == 5
    silent: Any = Publisher(comes=3, wanted=5)
    with pytest.raises(TimeoutError, match="3 answered, not: m-3, m-4"):
        await bridge.wait_answered(silent)


class FakeStack:
    stopped = 0

    def __init__(self, *_: object) -> None:
        self.urls: dict[str, str] = {}
        self.secrets_dir = Path()

    async def start(self) -> None:
        """Nothing runs."""

    async def stop(self) -> None:
        FakeStack.stopped += 1


async def test_a_campaign_that_fails_leaves_no_stack_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def fail(_wishes: object) -> None:
        raise RuntimeError("the campaign failed")

    monkeypatch.setattr(screenshots, "Stack", FakeStack)
    monkeypatch.setattr(screenshots, "open_clients", open_nothing)
    monkeypatch.setattr(screenshots, "Scenario", lambda *_: SimpleNamespace(play_campaign=fail))
    with pytest.raises(RuntimeError, match="the campaign failed"):
        async with screenshots.run_played(tmp_path, 1):
            pass
    assert FakeStack.stopped == 1


class open_nothing:  # noqa: N801 - in the place of a function
    def __init__(self, *_: object) -> None: ...

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *_: object) -> None: ...
