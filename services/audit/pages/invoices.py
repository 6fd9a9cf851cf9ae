"""票据: gifts without the number of their 公益事业捐赠统一票据, and one gift's number."""

from datetime import date

from fastapi import Request
from fastapi.responses import Response

from services.audit.invoices import list_missing, load_gift
from services.audit.messages import DATE_UNREAD, DONATION_UNKNOWN
from services.audit.model.invoices import EnterGiftInvoice
from services.audit.pages.paying import Payer
from services.audit.pages.proposing import FINANCE_PATH, PAGES
from services.audit.resources import AuditRuntime, AuditRuntimeDep
from shared.contracts.values import Identifier, Value
from shared.messaging.decision import Answer
from shared.web.access import Denied
from shared.web.forms import FORM_KEY, Form, answer_form, list_problems, make_form_key
from shared.web.staff import PageRouter

router = PageRouter()
INVOICES_PATH = FINANCE_PATH + "/invoices"
FEW = 50


@router.get(INVOICES_PATH)
async def show_invoices(
    _caller: Payer, request: Request, runtime: AuditRuntimeDep, after: str = ""
) -> Response:
    names = runtime.settings.foundations
    gifts = await list_missing(runtime.database, names, after, FEW)
    following = str(gifts[-1]["donation_id"]) if len(gifts) == FEW else ""
    return PAGES.render_for(request, "invoices.html", gifts=gifts, next=following)


@router.get(INVOICES_PATH + "/{donation_id}")
async def show_invoice(
    donation_id: Identifier, _caller: Payer, request: Request, runtime: AuditRuntimeDep
) -> Response:
    return await _render(request, runtime, donation_id, {}, Answer(200, {}))


@router.post(INVOICES_PATH + "/{donation_id}")
async def submit_invoice(
    donation_id: Identifier, caller: Payer, request: Request, runtime: AuditRuntimeDep
) -> Response:
    async def show(typed: Form, answer: Answer) -> Response:
        return await _render(request, runtime, donation_id, typed, answer)

    def build(form: Form) -> Value:
        try:
            issued_on = date.fromisoformat(form.get("issued_on", ""))
        except ValueError:
            raise DATE_UNREAD.invalid("issued_on") from None
        return EnterGiftInvoice(
            donation_id=donation_id,
            number=form.get("number", ""),
            code=form.get("code", ""),
            issued_on=issued_on,
            replaces=form.get("replaces") == "yes",
        )

    done = f"{INVOICES_PATH}/{donation_id}"
    return await answer_form(request, runtime, caller, done, build, show)


async def _render(
    request: Request, runtime: AuditRuntime, donation_id: str, typed: Form, answer: Answer
) -> Response:
    gift = await load_gift(runtime.database, runtime.settings.foundations, donation_id)
    if gift is None:
        raise Denied(DONATION_UNKNOWN.refusal(404))
    return PAGES.render_for(
        request,
        "invoice.html",
        status=answer.status,
        gift=gift.facts,
        invoice=gift.invoice,
        typed=typed,
        problems=list_problems(answer),
        key=typed.get(FORM_KEY) or make_form_key(),
    )
