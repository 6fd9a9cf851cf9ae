"""Pages behind signed links, one module for each who holds one.

No personal data: what kind of help, where (town), how much. Looking changes nothing.
"""

from fastapi import APIRouter

from services.matching.pages import applicant, donor, menu

router = APIRouter(tags=["links"])
router.include_router(donor.router)
router.include_router(applicant.router)
router.include_router(menu.router)
