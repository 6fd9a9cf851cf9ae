"""From what a bank sent to what is decided: free text sealed, content known by a keyed digest."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from services.audit.accounts import AccountSecrets, build_account_secrets
from services.audit.model import BankEvent, Donation, derive_donation_id
from services.audit.model.statement_files import EnterStatementRow, StatementRowSent
from services.audit.model.vouchers import VoucheredEntry
from shared.contracts.envelope import (
    Event,
    Fact,
    build_foreign_event,
    digest_content,
    parse_envelope,
    parse_event,
)
from shared.contracts.events import BankLineStated, DonationReceived
from shared.documents import Document
from shared.messaging.decision import Command
from shared.messaging.encoding import encode
from shared.messaging.resealing import SealedCollection, SealedValue
from shared.messaging.sealing import Sealer
from shared.personal import is_personal_code
from shared.security import Keyring, Role

F = TypeVar("F", bound=Fact)
V = TypeVar("V", bound=VoucheredEntry)


class BankSecrets:
    """What a giver wrote may be personal: it is stored sealed, and nobody can try guesses at it."""

    def __init__(
        self,
        sealer: Sealer,
        digests: bytes,
        accounts: AccountSecrets,
        list_sources: Callable[[], Iterable[str]],
    ) -> None:
        """sealer: of designations. digests: a 32-byte key. accounts: of those who are paid.
        list_sources: of the banks that are registered."""
        self.sealer = sealer
        self._list_sources = list_sources
        self.accounts = accounts
        self._digests = digests

    def prepare(self, event: Event[F]) -> BankEvent[F]:
        fact, sealed, sources = event.data, None, tuple[str, ...]()
        if isinstance(fact, DonationReceived) and fact.designation:
            id_ = derive_donation_id(event.source, event.id)
            sealed = self.sealer.seal(id_, fact.designation.encode())
        if isinstance(fact, BankLineStated) and fact.undone:
            sources = tuple(self._list_sources())
        return BankEvent[F].model_construct(
            **dict(event) | {"data": self._hide_text(fact)},
            digest=self._digest(fact),
            designation=sealed,
            public_id=self.hide_reference(event.id),
            sources=sources,
        )

    def hide_reference(self, reference: str) -> str:
        """The same for the same, and nobody's number: some tills write the payer's phone there."""
        if not is_personal_code(reference):
            return reference
        return f"K-{digest_content(reference.encode(), self._digests).hex()[:20]}"

    def hide_named_line(self, command: Command[V]) -> Command[V]:
        """The line that a fee or a refund names, as the bank's own statement of it is stored."""
        hidden = self.hide_reference(command.data.bank_reference)
        return command.with_data(command.data.model_copy(update={"bank_reference": hidden}))

    def _hide_text(self, fact: F) -> F:
        changes = {
            name: self.hide_reference(getattr(fact, name))
            for name in ("bank_reference", "reference")
            if hasattr(fact, name)
        }
        if isinstance(fact, DonationReceived):
            changes["designation"] = ""
        if isinstance(fact, BankLineStated):
            changes["account"] = self.accounts.hide_number(fact.account)
        return fact.model_copy(update=changes) if changes else fact

    def open_designation(self, donation: Donation) -> str:
        """What the giver wrote; empty where nothing was."""
        if donation.designation is None:
            return ""
        return self.sealer.open(donation.id, donation.designation).decode()

    def _digest(self, fact: Fact) -> bytes:
        # Organisations add, drop and correct a designation when they publish a gift again.
        fields = fact.model_dump(
            exclude={"statement", "designation", "distinct_from", "own_account"}
        )
        content = json.dumps([fact.TYPE, fields], sort_keys=True, default=_format_utc)
        return digest_content(content.encode(), self._digests)


def build_bank_secrets(keyring: Keyring) -> BankSecrets:
    sealer = Sealer(partial(keyring.list_sealing_keys, "designations"))
    contents = keyring.derive_identity_key("bank-contents")
    list_sources = partial(list_bank_sources, keyring)
    return BankSecrets(sealer, contents, build_account_secrets(keyring), list_sources)


def list_bank_sources(keyring: Keyring) -> list[str]:
    """Of all banks in the register, those whose credentials have ended too."""
    credentials = keyring.list_credentials()
    return sorted({each.source for each in credentials if each.source and Role.BANK in each.roles})


def prepare_statement_row(
    secrets: BankSecrets, command: Command[EnterStatementRow]
) -> Command[StatementRowSent]:
    """The message that its source would publish of the row, read as the topic's are. Raises
    Invalid."""
    row = command.data
    fact = row.fact
    time = fact.received_at if isinstance(fact, DonationReceived) else fact.at
    sent = build_foreign_event(source=row.source, message_id=row.message_id, time=time, data=fact)
    event = secrets.prepare(parse_event(parse_envelope(encode(sent)), type(fact)))
    return command.with_data(StatementRowSent.model_construct(event=event))


def describe_designations(secrets: BankSecrets) -> SealedCollection:
    return SealedCollection(
        Donation.COLLECTION, ("designation",), secrets.sealer, _list_designation
    )


def _list_designation(donation: Document) -> Iterable[SealedValue]:
    designation = donation["designation"]
    if designation is None:
        return ()
    return (SealedValue("designation", donation["_id"], bytes(designation)),)


def _format_utc(value: datetime) -> str:
    """However its time zone was written."""
    return value.astimezone(UTC).isoformat()
