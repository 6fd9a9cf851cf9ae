"""Pages behind signed links, a module for each who holds one; a match for staff; the menu for all.

No personal data: what kind of help, where (town), how much. Looking changes nothing.
"""

from services.matching.pages import (
    applicant,
    consent,
    donor,
    donor_menu,
    giving,
    handover,
    menu,
    partner,
    preferences,
    proposals,
    public_menu,
    sign_in,
)
from shared.web.access import Router

router = Router(tags=["links"])
router.include_router(donor.router)
router.include_router(proposals.router)
router.include_router(giving.router)
router.include_router(donor_menu.router)
router.include_router(preferences.router)
router.include_router(consent.router)
router.include_router(sign_in.router)
router.include_router(sign_in.leaving_router)
router.include_router(applicant.router)
router.include_router(menu.router)
router.include_router(public_menu.router)

ROUTERS = (router, handover.router, partner.router)
