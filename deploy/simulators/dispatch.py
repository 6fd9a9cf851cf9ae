"""The receipts of a plan: none, one, two, early, late, or after the recipient's next one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from deploy.simulators.plans import Plan
from deploy.simulators.settings import SimulatorSettings

Receipt = TypeVar("Receipt")

WITHHELD_S_MAX = 2.0


class ReceiptDispatch(Generic[Receipt]):
    """later: queues a receipt with a delay. at_once: pushes it now and waits for intake."""

    def __init__(
        self,
        settings: SimulatorSettings,
        later: Callable[[Receipt, float], None],
        at_once: Callable[[Receipt], Awaitable[None]],
    ) -> None:
        self._settings, self._later, self._at_once = settings, later, at_once
        self._withheld: dict[str, Receipt] = {}

    async def send(self, recipient: str, receipt: Receipt, plan: Plan) -> None:
        if plan.receipt_first:
            await self._at_once(receipt)
        elif plan.receipt_withheld and recipient not in self._withheld:
            self._withheld[recipient] = receipt
            asyncio.get_running_loop().call_later(WITHHELD_S_MAX, self._release, recipient)
        else:
            for _ in range(plan.receipt_copies):
                self._later(receipt, self._compute_delay_s(plan))
            self._release(recipient)

    def _release(self, recipient: str) -> None:
        receipt = self._withheld.pop(recipient, None)
        if receipt is not None:
            # A little later than the newer one, so that even another worker is behind it.
            self._later(receipt, self._settings.receipt_delay_s + 2 * self._settings.batch_window_s)

    def _compute_delay_s(self, plan: Plan) -> float:
        extra_s = self._settings.late_receipt_s if plan.receipt_late else 0
        return self._settings.receipt_delay_s + extra_s
