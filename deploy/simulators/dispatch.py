"""The receipts of a plan: none, one, two, early, late, or after the recipient's next one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from deploy.simulators.scripts import Plan
from deploy.simulators.settings import SimulatorSettings

Receipt = TypeVar("Receipt")

HELD_S_MAX = 2.0


class Dispatch(Generic[Receipt]):
    """later: queue a receipt with a delay. at_once: push it now and wait for intake."""

    def __init__(
        self,
        settings: SimulatorSettings,
        later: Callable[[Receipt, float], None],
        at_once: Callable[[Receipt], Awaitable[None]],
    ) -> None:
        self._settings, self._later, self._at_once = settings, later, at_once
        self._held: dict[str, Receipt] = {}

    async def send(self, recipient: str, receipt: Receipt, plan: Plan) -> None:
        if plan.receipt_first:
            await self._at_once(receipt)
        elif plan.receipt_held and recipient not in self._held:
            self._held[recipient] = receipt
            asyncio.get_running_loop().call_later(HELD_S_MAX, self._release, recipient)
        else:
            for _ in range(plan.receipt_copies):
                self._later(receipt, self._delay_s(plan))
            self._release(recipient)

    def _release(self, recipient: str) -> None:
        held = self._held.pop(recipient, None)
        if held is not None:
            # A little later than the newer one, so that even another worker is behind it.
            self._later(held, self._settings.receipt_delay_s + 2 * self._settings.batch_window_s)

    def _delay_s(self, plan: Plan) -> float:
        late = self._settings.late_receipt_s if plan.receipt_late else 0
        return self._settings.receipt_delay_s + late
