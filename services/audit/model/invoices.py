"""公益事业捐赠统一票据: the invoice of a gift, which the finance office's own program issues. Here
is only its number, so that giver and auditor find it; it never stands on the public log."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Self

from pydantic import Field

from shared.contracts.values import Identifier, Value
from shared.ids import make_id
from shared.messaging.decision import State
from shared.text import FOLDED

InvoiceNumber = Annotated[str, Field(pattern=r"^[0-9A-Z]{6,20}$"), FOLDED]
InvoiceCode = Annotated[str, Field(pattern=r"^(?:[0-9A-Z]{6,20})?$"), FOLDED]


class StatedInvoice(Value):
    """code: 票据代码, which electronic ones have. number: 票据号码."""

    number: InvoiceNumber
    code: InvoiceCode = ""
    issued_on: date


class GiftInvoice(State):
    """Its id is the gift's. earlier: numbers that were void (作废) and replaced, in order."""

    COLLECTION: ClassVar[str] = "gift_invoices"

    number: str
    code: str = ""
    issued_on: str
    entered_by: str
    entered_at: datetime
    earlier: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As people read it out."""
        return f"{self.code} {self.number}".strip()

    def is_same(self, stated: StatedInvoice) -> bool:
        return (self.code, self.number) == (stated.code, stated.number)

    def replace(self, new: Self) -> Self:
        return new.model_copy(update={"earlier": (*self.earlier, self.name)})

    def to_json(self) -> dict[str, object]:
        return self.model_dump(mode="json", exclude={"due_at", "correlation_id"})


class InvoiceUse(State):
    """A number: one invoice may be of several gifts of one giver, and of nobody else's."""

    COLLECTION: ClassVar[str] = "invoice_uses"

    donor_id: str
    donation_ids: tuple[str, ...]

    def with_gift(self, donation_id: str) -> Self:
        ids = tuple(dict.fromkeys((*self.donation_ids, donation_id)))
        return self.model_copy(update={"donation_ids": ids})

    def without_gift(self, donation_id: str) -> Self:
        ids = tuple(each for each in self.donation_ids if each != donation_id)
        return self.model_copy(update={"donation_ids": ids})


def derive_invoice_use_id(foundation: str, code: str, number: str) -> str:
    """Each foundation has books of invoices of its own."""
    return make_id("T", foundation, code, number)


class TypedInvoice(StatedInvoice):
    """replaces: the number before was void."""

    replaces: bool = False


class EnterGiftInvoice(TypedInvoice):
    donation_id: Identifier
