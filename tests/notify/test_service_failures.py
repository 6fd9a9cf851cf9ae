"""What a provider refuses, delays or leaves unclear, and persons who are gone or opted out."""

from services.notify.model import Notice
from shared import mongo
from tests.notify.decisions import make_opened
from tests.notify.harness import NotifyHarness
from tests.notify.recipients import number, openid, request_id


async def test_who_left_wechat_is_told_by_sms(harness: NotifyHarness) -> None:
    phone, follower = number(), openid("990009")
    person = await harness.register_person(phone, follower)
    await harness.publish(make_opened(person), request_id())
    notice = await harness.wait_for_state(person, "delivered")
    assert [(a["channel"], a["outcome"]) for a in notice["attempts"]] == [
        ("wechat", "refused"),
        ("sms", "sent"),
    ]
    assert len(await harness.read_phone(f"+86{phone}")) == 1


async def test_failure_that_wechat_reports_later_is_followed_by_an_sms(
    harness: NotifyHarness,
) -> None:
    phone = number()
    person = await harness.register_person(phone, openid("990001"))
    await harness.publish(make_opened(person), request_id())
    notice = await harness.wait_for_state(person, "delivered")
    assert notice["channel"] == "sms"


async def test_provider_that_is_busy_once_is_asked_again(harness: NotifyHarness) -> None:
    phone = number("990002")
    person = await harness.register_person(phone)
    await harness.publish(make_opened(person), request_id())
    notice = await harness.wait_for_state(person, "delivered")
    assert [a["outcome"] for a in notice["attempts"]] == ["retry", "sent"]
    assert len(await harness.read_phone(f"+86{phone}")) == 1


async def test_an_sms_that_tencent_does_not_take_goes_by_aliyun_and_so_does_its_answer(
    harness: NotifyHarness,
) -> None:
    phone = number("990013")
    person = await harness.register_person(phone)
    await harness.publish(make_opened(person), request_id())
    notice = await harness.wait_for_state(person, "delivered")
    assert [(a["provider"], a["outcome"]) for a in notice["attempts"]] == [
        ("tencent", "retry"),
        ("aliyun", "sent"),
    ]
    [message] = await harness.read_phone(f"+86{phone}")
    assert message["notice_id"] == notice["id"]
    reply = {"number": f"+86{phone}", "text": "TD"}
    answer = await harness.simulators.post("/simulator/phones/replies", json=[reply])
    assert answer.json()[0]["answer"] == '{"code":0,"msg":"接收成功"}'


async def test_token_that_dies_does_not_stop_wechat(harness: NotifyHarness) -> None:
    person = await harness.register_person(openid=openid("990012"))
    await harness.publish(make_opened(person), request_id())
    notice = await harness.wait_for_state(person, "delivered")
    assert len(notice["attempts"]) == 1


async def test_receipt_that_overtakes_the_answer_is_not_lost(harness: NotifyHarness) -> None:
    person = await harness.register_person(number("990006"))
    await harness.publish(make_opened(person), request_id())
    await harness.wait_for_state(person, "delivered")


async def test_number_that_opted_out_at_the_provider_fails(harness: NotifyHarness) -> None:
    person = await harness.register_person(number("990009"))
    await harness.publish(make_opened(person), request_id())
    notice = await harness.wait_for_state(person, "failed")
    assert notice["code"] == "FailedOperation.PhoneNumberInBlacklist"


async def test_unanswered_sms_is_left_to_a_person_and_the_receipt_that_waits(
    harness: NotifyHarness,
) -> None:
    phone = number("990005")
    person = await harness.register_person(phone)
    await harness.publish(make_opened(person), request_id())
    notice = await harness.wait_for_state(person, "unknown")
    (message,) = await harness.read_phone(f"+86{phone}")
    answer = await harness.resolve(
        notice["id"], verdict="sent", provider_message_id=message["provider_message_id"]
    )
    assert answer.status_code == 200
    resolved = await harness.wait_for_state(person, "delivered")
    assert resolved["resolved_by"] == "operator"
    assert len(await harness.read_phone(f"+86{phone}")) == 1


async def test_erased_person_is_told_nothing(harness: NotifyHarness) -> None:
    phone = number()
    person = await harness.register_person(phone)
    await harness.erase(person)
    await harness.publish(make_opened(person), request_id())
    assert (await harness.wait_for_state(person, "failed"))["code"] == "erased"
    assert await harness.read_phone(f"+86{phone}") == []


async def test_who_replied_td_gets_no_more_sms(harness: NotifyHarness) -> None:
    phone = number()
    person = await harness.register_person(phone)
    await harness.simulators.post(f"/simulator/phones/+86{phone}/reply", json={"text": "TD"})
    await harness.publish(make_opened(person), request_id())
    assert (await harness.wait_for_state(person, "failed"))["code"] == "opted_out"


async def test_claim_of_a_dead_process_leaves_an_unclear_sms(harness: NotifyHarness) -> None:
    """The sender never held this claim, as if its process had died with it."""
    phone = number("990004")
    person = await harness.register_person(phone)
    await harness.publish(make_opened(person), request_id())
    sent = await harness.wait_for_state(person, "sent")
    database = harness.notify.runtime.database
    notice = await mongo.load(database, Notice, sent["id"])
    assert notice is not None
    (attempt,) = notice.attempts
    claimed = notice.model_copy(
        update={
            "state": "sending",
            "due_at": await harness.notify.runtime.processor.now(),
            "attempts": (attempt.model_copy(update={"outcome": None}),),
        }
    )
    document = mongo.to_document(claimed)
    change = {"$set": document, "$inc": {"_version": 1}}
    await database[Notice.COLLECTION].update_one({"_id": notice.id}, change)
    assert (await harness.wait_for_state(person, "unknown"))["code"] == "no_outcome"
    assert len(await harness.read_phone(f"+86{phone}")) == 1
