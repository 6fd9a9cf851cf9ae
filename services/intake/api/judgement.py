"""HTTP for staff: what a request's text suggests, what a person says it is, learning from it."""

from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from services.intake import store
from services.intake.api.requests import CASE_WORKERS, load_seen_request
from services.intake.judgement import Guess, Judgement
from services.intake.judgement.learning import learn
from services.intake.model.classification import ClassifyRequest
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.vault.persons import open_text
from shared.contracts.values import LABELS, BeneficiaryClass, Category, Identifier, Kind, TownCode
from shared.contracts.values import Value as Body
from shared.messages import FORBIDDEN
from shared.security import Credential, Role
from shared.towns import town_name
from shared.web.access import Denied, IdempotencyKey, Router, allow, answer_to, find_scope

router = Router(tags=["judgement"])

CaseWorker = Annotated[Credential, Depends(allow(*CASE_WORKERS))]
Teacher = Annotated[Credential, Depends(allow(Role.OPERATOR, Role.APPROVER_CITY))]


class ClassificationBody(Body):
    """What is absent stays as it is."""

    kind: Kind | None = None
    category: Category | None = None
    beneficiary_class: BeneficiaryClass | None = None
    urgent: bool | None = None
    town_code: TownCode | None = None


@router.get("/requests/{request_id}/judgement")
async def read_judgement(
    request_id: Identifier, caller: CaseWorker, runtime: IntakeRuntimeDep
) -> dict[str, object]:
    """What its text suggests, with the words that led there; the look is logged."""
    request = await load_seen_request(runtime, find_scope(caller), request_id)
    at = await runtime.processor.now()
    await store.VAULT_LOOKS.add(runtime.database, caller, "read_request", [request.person_id], at)
    persons = await store.load_persons(runtime.database, [request.person_id])
    person = persons.get(request.person_id)
    text = open_text(runtime.resources.vault, person, request) if person else None
    return describe_judgement(await judge_text(runtime, text))


async def judge_text(runtime: IntakeRuntime, text: str | None) -> Judgement:
    """Nothing of what was erased, or never written."""
    if not text:
        return Judgement()
    judge = await runtime.resources.shelf.find(runtime.database)
    return judge.judge(text)


def describe_judgement(judgement: Judgement) -> dict[str, object]:
    guesses = {
        "category": judgement.category,
        "kind": judgement.kind,
        "beneficiary_class": judgement.beneficiary_class,
        "town": judgement.town,
    }
    described = {name: _describe(guess) if guess else None for name, guess in guesses.items()}
    urgency = judgement.urgency
    words = judgement.danger or (urgency.phrases if urgency else ())
    return described | {"urgent": judgement.is_urgent, "urgent_words": list(words)}


def _describe(guess: Guess) -> dict[str, object]:
    return {
        "value": guess.label,
        "zh": LABELS.get(guess.label) or town_name(guess.label),
        "words": list(guess.phrases),
        "confidence": round(guess.confidence, 2),
    }


@router.post("/requests/{request_id}/classify")
async def classify_request(
    request_id: Identifier,
    body: ClassificationBody,
    caller: CaseWorker,
    runtime: IntakeRuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """What a person says it is, while it waits. It opens nothing."""
    command = ClassifyRequest(
        request_id=request_id,
        by=caller.principal,
        area=caller.area,
        kind=body.kind,
        category=body.category,
        declared_class=body.beneficiary_class,
        urgent=body.urgent,
        town_code=body.town_code,
    )
    return await answer_to(runtime, caller, command, key)


@router.post("/judgement/learn")
async def learn_from_decisions(caller: Teacher, runtime: IntakeRuntimeDep) -> dict[str, object]:
    """From what staff of the whole city decided last; says how often they were of one mind."""
    if caller.area:
        raise Denied(FORBIDDEN.refusal(403))
    resources, at = runtime.resources, await runtime.processor.now()
    lesson = await learn(runtime.database, resources.vault, resources.shelf, caller, at)
    return {"texts": lesson.texts, "suggested": lesson.suggested, "agreed": lesson.agreed}
