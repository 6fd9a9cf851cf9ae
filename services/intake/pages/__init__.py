"""Intake's pages: the applicant's behind his link, the first page, signing in, accounts."""

from services.intake.pages import accounts, applicant, home, sign_in

ROUTERS = (applicant.router, home.public_router, home.router, sign_in.router, accounts.router)
