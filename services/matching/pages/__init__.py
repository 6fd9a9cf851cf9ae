"""Pages behind signed links, one module for each who holds one.

No personal data: what kind of help, where (town), how much. Looking changes nothing.
"""

from fastapi import APIRouter

from services.matching.pages import applicant, donor, menu
from services.matching.pages.links import APPLICANT, DONOR, MENU

__all__ = ["APPLICANT", "DONOR", "MENU", "router"]

router = APIRouter(tags=["links"])
router.include_router(donor.router)
router.include_router(applicant.router)
router.include_router(menu.router)
