"""What is seen: every role walks every route, and finds nothing of another's.

The routes are those of the apps: a new one is walked by itself, or the test says what is missing.
Here those that read by GET; `posts` has what is asked or done by POST.
"""

import asyncio
import inspect

import pytest
import pytest_asyncio

from shared.security import STAFF, Role
from shared.web.access import find_guard
from tests.support.services import SERVICES, not_started, operations
from tests.support.stack_harness import StackHarness
from tests.system.posts import check_commands, check_reading_posts
from tests.system.two_towns import Town
from tests.system.walking import (
    CASE_WORKERS,
    FINANCE,
    fill_path,
    find_hidden,
    find_marks,
    list_operations,
)

# Routes that are neither cut nor of the whole city, and why.
NAMES_NOBODY = {
    "/home": "the tiles of the caller's own roles",
    "/account": "the caller's own account",
    "/actions": "what the caller did; of everybody for auditors and operators of the whole city",
    "/intake/actions": "as /actions",
    "/matching/actions": "as /actions",
    "/notify/actions": "as /actions",
    "/audit/actions": "as /actions",
    "/meetings": "meetings that the caller himself is invited to: dates and holders",
    "/meetings/{meeting_id}/cases/{request_id}": "a case of the agenda, for those involved",
    "/meetings/{meeting_id}/minutes": "the minutes, for those involved",
    "/meetings/{meeting_id}": "those who are invited or convened it, nobody else",
    "/meetings/new": "a form: sums and references of what waits in the caller's area, and holders",
    "/desk/catalogue": "words for things",
    "/desk/catalogue/items.csv": "words for things",
    "/desk/new": "a form, and the names of towns",
    "/regular/new": "a form, and the names of towns",
    "/desk/import": "a form",
    "/desk/import/template.xlsx": "an empty sheet",
    "/desk/import/{token}": "what the caller himself uploaded",
    "/desk/import/{token}/refused.csv": "what the caller himself uploaded",
    "/words/{word_id}/notice": "whether a code was sent: no name, no number",
    "/campaigns": "public campaigns: numbers of donors, no ids",
    "/campaigns/{campaign_id}/report.xlsx": "sums of a campaign, which belongs to no town",
    "/campaigns/{campaign_id}/report": "sums of a campaign, which belongs to no town",
    "/emergencies": "where emergency measures are or were on, and who declared them",
    "/emergencies/{emergency_id}": "one of them, and counts of what was done in the reader's area",
}
# Routes that ask for no credential, and why they are not walked.
OPEN = {
    "/health/live": "says nothing of anybody",
    "/health/ready": "says nothing of anybody",
    "/static/{name}": "the stylesheet",
    "/metrics": "counts; operators' and Prometheus' beyond loopback",
    "/asyncapi": "a description; operators' beyond loopback",
    "/asyncapi.json": "a description; operators' beyond loopback",
    "/openapi.json": "a description; operators' beyond loopback",
    "/docs": "a description; operators' beyond loopback",
    "/callbacks/wechat": "WeChat's own check of the address",
    "/open311/discovery.{form}": "where the interface stands",
    "/open311/v2/services.{form}": "kinds of public works",
    "/open311/v2/services/{code}.{form}": "what is asked of a reporter",
    "/r/{token}": "a link, of one person: tests/intake/test_service.py",
    "/r/{token}/files/{attachment_id}": "of one person: tests/intake/test_service_persons.py",
    "/r/{token}/own": "says nothing of anybody: tests/intake/test_contacts.py",
    "/d/{token}": "a link, of one person: tests/matching/test_service_links.py",
    "/p/{token}": "a link, of one person: tests/matching/test_service_proposals.py",
    "/giver/sign-in": "says nothing of anybody",
    "/notify/subscribe": "kinds of notices, and WeChat's signature of the page",
    "/giver": "a cookie, of one donor: tests/matching/test_service_proposals.py",
    "/giver/giving": "a cookie, of one donor: tests/matching/test_service_proposals.py",
    "/giver/giving.xlsx": "a cookie, of one donor: tests/matching/test_service_proposals.py",
    "/giver/giving.pdf": "a cookie, of one donor: tests/matching/test_service_proposals.py",
    "/giver/certificate": "a cookie, of one donor: tests/matching/test_service_proposals.py",
    "/giver/certificate.pdf": "a cookie, of one donor: tests/matching/test_service_proposals.py",
    "/giver/notices": "a cookie, of one donor: tests/matching/test_service_proposals.py",
    "/p/{token}/notices": "a link, of one person: tests/matching/test_service_proposals.py",
    "/giver/menu": "a cookie, of one donor: tests/matching/test_donor_menu.py",
    "/p/{token}/menu": "a link, of one person: tests/matching/test_donor_menu.py",
    "/giver/consent": "a cookie, of one donor: tests/matching/test_service_proposals.py",
    "/p/{token}/giving": "a link, of one person: tests/matching/test_service_proposals.py",
    "/p/{token}/giving.xlsx": "a link, of one person: tests/matching/test_service_proposals.py",
    "/p/{token}/giving.pdf": "a link, of one person: tests/matching/test_service_proposals.py",
    "/p/{token}/certificate": "a link, of one person: tests/matching/test_service_proposals.py",
    "/p/{token}/certificate.pdf": "a link, of one person: tests/matching/test_service_proposals.py",
    "/p/{token}/consent": "a link, of one person: tests/matching/test_service_proposals.py",
    "/c/{token}": "a link, of one person: tests/matching/test_service_links.py",
    "/m/{token}": "a link, of one person: tests/matching/test_service_links.py",
    "/a/{token}": "a link, of one person: tests/audit/test_service_mandates.py",
    "/g/{token}": "a link, of one person: tests/audit/test_service_receipts.py",
    "/g/{token}/receipt": "a link, of one person: tests/audit/test_service_receipts.py",
    "/": "the first page of the public",
    "/language/{language}": "sets a cookie",
    "/sign-in": "a form; tests/intake/test_service_sign_in.py",
    "/sign-in/password": "a form; tests/intake/test_service_sign_in.py",
    "/sign-in/invitation/{token}": "an invitation, of one account",
    "/sign-in/invitation/{token}/organisation": "leads to the organisation's own sign-in",
    "/sign-in/organisation": "leads to the organisation's own sign-in",
    "/sign-in/organisation/callback": "comes back: tests/intake/test_service_organisation.py",
    "/sign-in/organisation/out": "leads to the organisation's own sign-out",
    "/log": "public by design, names of logs alone",
    "/log/{log}/checkpoint": "public by design, ids alone",
    "/log/{log}/proof/{index}": "public by design, ids alone",
    "/log/{log}/tile/{place:path}": "public by design, ids alone",
    "/log/{log}/vkey": "public by design",
    "/ask": "an empty form",
    "/mine": "a cookie, of one phone: tests/intake/test_own_cases.py",
    "/mine/sign-in": "says nothing of anybody: tests/intake/test_own_cases.py",
    "/give": "how many requests are open in a town, and nothing of any of them",
    "/give/open.xlsx": "the same, to take away",
    "/ledger": "what the public log says, ids alone",
    "/ledger/verify": "how to verify the public log",
    "/ledger/{log}": "sums of the public log; few cases are shown together",
    "/ledger/{log}/fund": "sums of the public log; few cases are shown together",
    "/ledger/{log}/tables/{table}.{form}": "the same sums to take away",
    "/ledger/{log}/entries": "what the public log says, ids alone",
    "/ledger/{log}/entries/{index}": "what the public log says, ids alone",
    "/ledger/{log}/entries/{index}/offline": "what the public log says, ids alone",
}


@pytest_asyncio.fixture(loop_scope="session")
async def town(stack: StackHarness) -> Town:
    return await Town(stack).start()


async def test_nobody_reads_what_is_anothers(town: Town) -> None:
    """One pass over every route by all whom its guard lets in; that it stops every other role
    before the route runs is tried in test_access.py."""
    await check_names(town)
    await check_accounts(town)
    wrong: list[str] = []
    seen: dict[tuple[Role, str], set[str]] = {}
    for service, operation in list_operations(town, "GET"):
        guard = find_guard(operation.route) if operation.route else None
        if guard is None:
            assert operation.path in OPEN, f"a reason for {service} {operation.path}"
            continue
        http = town.running[service].http
        for side, other in (town.sides, town.sides[::-1]):
            # Their gifts are in no log, so they have no receipt.
            path = fill_path(operation, {**other.ids, "donation": "D-1"})
            whole_city = [None] if side is town.sides[0] else []
            callers = [
                caller
                for caller in town.callers
                if caller.role in guard.roles and caller.of in (side, *whole_city)
            ]
            answers = await asyncio.gather(*(http.get(path, headers=c.headers) for c in callers))
            for caller, answer in zip(callers, answers, strict=True):
                assert answer.status_code < 500, f"{path}: {answer.text}"
                hidden = find_hidden(caller, operation, side, other)
                for kind in find_marks(answer, hidden):
                    wrong.append(f"{caller.role} of {side.name} reads {kind} at {service} {path}")
                marks = {**side.ids, **side.personal}
                key = (caller.role, "one" if caller.of else "all")
                seen.setdefault(key, set()).update(find_marks(answer, marks))
    assert not wrong, "\n".join(sorted(set(wrong)))
    # Not for want of anything to see.
    assert {"request", "match", "offer", "person"} <= seen[Role.AUDITOR, "all"]
    assert {"request", "match", "message", "applicant's words"} <= seen[Role.COLLECTOR, "one"]
    assert {"offer", "match"} <= seen[Role.DONOR_PARTNER, "one"]
    # After all was read: who tries something with an id finds it among his own actions.
    await check_reading_posts(town)
    await check_commands(town)


async def check_names(town: Town) -> None:
    """Who works on a case reads whose it is, in his own area."""
    for side, other in (town.sides, town.sides[::-1]):
        for role in sorted(CASE_WORKERS):
            headers = town.find_caller(role, side)
            paths = (f"/requests/{each.ids['request']}" for each in (side, other))
            own, foreign = [
                await town.running["intake"].http.get(path, headers=headers) for path in paths
            ]
            assert side.personal["applicant's name"] in own.text, role
            assert foreign.status_code == 404


async def check_accounts(town: Town) -> None:
    """Who pays for the whole city reads whom; the bank's file goes to the first alone."""
    for side in town.sides:
        for role in sorted(FINANCE):
            order, headers = side.ids["order"], town.find_caller(role, None)
            page, file = [
                await town.running["audit"].http.get(path, headers=headers)
                for path in (
                    f"/audit/finance/orders/{order}",
                    f"/payment-orders/{order}/file?format=csv",
                )
            ]
            assert all(mark in page.text for mark in side.account.values()), role
            is_first = role == min(FINANCE)
            assert file.status_code == (200 if is_first else 409), (role, file.text)
            marks = [mark in file.text for mark in side.account.values()]
            assert marks == [is_first] * len(marks), role


@pytest.mark.parametrize("service", SERVICES)
def test_a_route_that_reads_is_cut_or_of_the_whole_city(service: str) -> None:
    """Deny by default: what says neither stands above with its reason, or is a mistake."""
    for operation in operations(not_started(service)):
        guard = find_guard(operation.route) if operation.route else None
        if operation.method != "GET" or guard is None or operation.route is None:
            continue
        is_cut = "find_scope(" in inspect.getsource(operation.route.endpoint)
        if not is_cut and not guard.whole_city and guard.roles & STAFF:
            assert operation.path in NAMES_NOBODY, f"{service} {operation.path}"
