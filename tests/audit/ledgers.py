"""Logs for the tests: facts sealed into entries, and an independent, naive Merkle tree."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.log import entry
from services.audit.log.head import Draft, LogHead, Sealed, append
from services.audit.log.publisher import LogDirectory
from services.audit.log.signing import SigningKey
from services.audit.verify.note import Checkpoint
from shared.contracts.ledger import Authorisation, Event, Refused

ORIGIN = "guanjia.test/ledger/2026"
FUND = "FUND-NEWYEAR"
GENERAL = "FUND-GENERAL"
START = datetime(2026, 1, 1, tzinfo=UTC)
TWO_PEOPLE = Authorisation(maker="staff-1", checker="staff-2", reference="consent-7")


def log_key() -> SigningKey:
    """A fixed key, so that published bytes are the same in every run."""
    return SigningKey(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@dataclass
class Writer:
    """Seals drafts one after another, one a second."""

    head: LogHead = field(default_factory=lambda: LogHead(ORIGIN))
    sealed: list[Sealed] = field(default_factory=list)

    def fact(self, subject: str, event_id: str | None = None) -> entry.Fact:
        event = Event(source="/test", id=event_id or f"{subject}:{self.head.size}")
        return entry.Fact(event, subject, START)

    def add(self, draft: Draft) -> int:
        now = START + timedelta(seconds=self.head.size)
        self.head, sealed = append(self.head, draft, now)
        self.sealed.append(sealed)
        return sealed.index

    def open(self, fund: str = FUND, *, restricted: bool = True) -> int:
        return self.add(
            entry.fund_opened(self.fact(fund), fund, "新年暖留基金", restricted=restricted)
        )

    def donate(self, amount_fen: int, fund: str = FUND) -> int:
        return self.add(entry.donation_received(self.fact("donation-1"), fund, amount_fen))

    def commit(self, match: str, amount_fen: int, fund: str = FUND) -> int:
        return self.add(entry.commitment(self.fact(match), fund, amount_fen))

    def disburse(self, match: str, amount_fen: int, named: int, fund: str = FUND) -> int:
        return self.add(entry.disbursement(self.fact(match), fund, amount_fen, named))

    def release(self, match: str, amount_fen: int, named: int, fund: str = FUND) -> int:
        return self.add(entry.release(self.fact(match), fund, amount_fen, named))

    def reverse(self, index: int) -> int:
        original = self.sealed[index].entry
        return self.add(entry.reversal(self.fact(f"reversal-{index}"), original, TWO_PEOPLE))

    def transfer(self, amount_fen: int, from_fund: str, to_fund: str) -> int:
        fact = self.fact("transfer-1")
        return self.add(entry.transfer(fact, from_fund, to_fund, amount_fen, TWO_PEOPLE))

    def refuse(self, match: str) -> int:
        refused = Refused(code="fund_insufficient", kind="commitment", fund=FUND, amount_fen=1)
        return self.add(entry.refusal(self.fact(match), refused))

    @property
    def leaves(self) -> list[bytes]:
        return [each.raw for each in self.sealed]


def year_of_facts(size: int) -> Writer:
    """A log of `size` entries of every kind."""
    writer = Writer()
    writer.open()
    writer.open(GENERAL, restricted=False)
    steps = _steps(writer)
    while writer.head.size < size:
        next(steps)
    return writer


def _steps(writer: Writer) -> Iterator[int]:
    number = 0
    while True:
        number += 1
        match = f"match-{number}"
        gift = writer.donate(20_000)
        yield gift
        named = writer.commit(match, 10_000)
        yield named
        yield writer.disburse(match, 6_000, named)
        yield writer.release(match, 3_999, named)
        yield writer.refuse(f"{match}-b")
        if number % 7 == 0:
            yield writer.reverse(gift)
        if number % 5 == 0:
            yield writer.transfer(5, FUND, GENERAL)


def publish_all(writer: Writer, path: Path, step: int = 100) -> Checkpoint:
    """Publish a writer's entries to `path`, `step` entries a checkpoint."""
    log = LogDirectory(path, log_key())
    pairs = list(enumerate(writer.leaves))
    for at in range(0, len(pairs), step):
        log.publish(pairs[at : at + step])
    return log.standing()


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    match len(leaves):
        case 0:
            return sha256().digest()
        case 1:
            return sha256(b"\x00" + leaves[0]).digest()
        case n:
            k = 1
            while k * 2 < n:
                k *= 2
            return sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()
