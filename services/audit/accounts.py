"""Whose account is paid: sealed when named, opened for who pays, compared by keyed digests."""

import hmac
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from services.audit.model import NamePayees, Payee, PayeeAccount, SealedPayees
from shared.documents import Document
from shared.ids import make_id
from shared.messaging.decision import Command
from shared.messaging.resealing import SealedCollection, SealedValue
from shared.messaging.sealing import Sealer
from shared.security import Keyring

TAIL_LENGTH = 4
"""What a bank's statement says of an account that it masks."""


@dataclass(frozen=True, slots=True)
class Account:
    """As the bank's file has it."""

    name: str
    number: str
    bank: str


class AccountSecrets:
    """A payee's id follows from what his account says, so another account is another payee."""

    def __init__(self, sealer: Sealer, digests: bytes) -> None:
        """digests: a 32-byte key."""
        self.sealer = sealer
        self._digests = digests

    def seal_payees(self, command: Command[NamePayees]) -> Command[SealedPayees]:
        payees = tuple((each.match_id, self._seal(each)) for each in command.data.payees)
        return command.with_data(SealedPayees(payees=payees))

    def _seal(self, account: PayeeAccount) -> Payee:
        number = fold_number(account.number)
        fields = {"name": account.name.strip(), "number": number, "bank": account.bank.strip()}
        content = json.dumps(fields, sort_keys=True, ensure_ascii=False)
        id_ = make_id("E", self._digest(f"{account.kind}|{content}"))
        return Payee(
            id=id_,
            kind=account.kind,
            account=self.sealer.seal(id_, content.encode()),
            number_digest=self._digest(number),
            tail_digest=self._digest(f"tail|{number[-TAIL_LENGTH:]}"),
        )

    def open(self, payee: Payee) -> Account:
        return Account(**json.loads(self.sealer.open(payee.id, payee.account)))

    def hide_number(self, written: str) -> str:
        """Of a bank's line, to be compared: of all digits, or where it is masked of the last."""
        if not written.strip():
            return ""
        number = fold_number(written)
        if re.search(r"[*xX\u00d7\u2022]", written) or len(number) <= TAIL_LENGTH:
            return self._digest(f"tail|{number[-TAIL_LENGTH:]}")
        return self._digest(number)

    def _digest(self, text: str) -> str:
        return hmac.digest(self._digests, text.encode(), "sha256").hex()[:32]


def fold_number(written: str) -> str:
    return "".join(sign for sign in written.upper() if sign.isascii() and sign.isalnum())


def build_account_secrets(keyring: Keyring) -> AccountSecrets:
    sealer = Sealer(partial(keyring.list_sealing_keys, "payees"))
    return AccountSecrets(sealer, keyring.derive_identity_key("payee-accounts"))


def describe_payees(secrets: AccountSecrets) -> SealedCollection:
    return SealedCollection(Payee.COLLECTION, ("account",), secrets.sealer, _list_account)


def _list_account(payee: Document) -> Iterable[SealedValue]:
    return (SealedValue("account", payee["_id"], bytes(payee["account"])),)
