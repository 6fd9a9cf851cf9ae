"""Which gift a row is: the same gift in another statement gets the same id.

By the bank's reference where there is one. Otherwise by moment, giver, amount, fund, and the number
among such rows of its statement: somebody may give the same twice a day, and a statement that
overlaps another lists both again. What the giver wrote is not part of it: organisations add, drop
and correct it when they publish a gift again.

The giver counts by the id the vault gave him: a digest of his name would be guessed from the log.
"""

from collections import Counter
from datetime import UTC

from services.audit.statements.reading import Gift
from shared.ids import derived_id


class Identities:
    """Of one file: its equal rows are counted, by a short digest each."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def assign(self, gift: Gift, donor_id: str) -> str:
        if gift.reference:
            return gift.reference
        fact = gift.fact
        moment = fact.received_at.astimezone(UTC).isoformat()
        content = (moment, donor_id, str(fact.amount_fen), fact.fund_id)
        counted = derived_id("E", gift.listed.statement, *content)
        self._seen[counted] += 1
        return derived_id("G", *content, str(self._seen[counted]))
