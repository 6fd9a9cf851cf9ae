"""Intake's pages: asking, the applicant's behind his link, the first page, sign-in, the desk."""

from services.intake.pages import (
    accounts,
    applicant,
    ask,
    case,
    case_clock,
    desk,
    entry,
    home,
    imports,
    inbox,
    judgement,
    meetings,
    regular,
    sign_in,
)

ROUTERS = (
    applicant.router,
    ask.router,
    home.public_router,
    home.router,
    sign_in.router,
    accounts.router,
    desk.router,
    case.router,
    case_clock.router,
    judgement.router,
    meetings.router,
    entry.router,
    imports.router,
    inbox.router,
    regular.router,
)
