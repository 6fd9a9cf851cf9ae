"""Which event and which command goes to which decision.

Tables are built, not constant: sealing needs the vault, and approving needs the rules.
"""

from collections.abc import Callable, Mapping
from functools import partial

from services.intake.decide import (
    approvals,
    attachments,
    case_notes,
    case_tasks,
    classification,
    clocks,
    consents,
    corrections,
    donors,
    emergencies,
    endings,
    erasure,
    erasure_proposals,
    handling,
    haste,
    media,
    meetings,
    messages,
    persons,
    preferences,
    progress,
    regular,
    replies,
    requests,
    sign_ins,
    subscriptions,
    suggestions,
)
from services.intake.model import (
    AbandonDialogue,
    ApproveRequest,
    AskOnPage,
    BindOpenid,
    CorrectRequest,
    DeclineRequest,
    ErasePerson,
    ForgetMessages,
    ForgetOpenid,
    HandleMessage,
    HearDonor,
    KeepMessage,
    MendRequest,
    RegisterParty,
    ReportMessage,
    ReturnRequest,
    RevokePersonLinks,
    SealedCorrection,
    SettleMessage,
    StaffRequest,
    UnderstandReply,
    VouchForPerson,
    WithdrawRequest,
)
from services.intake.model.approval import (
    AddCaseNote,
    JudgeEnding,
    RecordReferralAnswer,
    ReferRequest,
    ReportEnding,
    StopBudget,
    TakeBudget,
)
from services.intake.model.attachment import (
    AddAttachment,
    AddMedia,
    MissMedia,
    RemoveAttachment,
    SettleCheck,
)
from services.intake.model.classification import ClassifyRequest
from services.intake.model.clock import CaseDue, PauseCase, ResumeCase, StartClock
from services.intake.model.consent import EndConsent, GiveConsent
from services.intake.model.emergency import (
    ConfirmEmergency,
    EndEmergency,
    HastenRequest,
    ProposeEmergency,
)
from services.intake.model.erasure import ApproveErasure, ProposeErasure, RefuseErasure
from services.intake.model.meeting import (
    CancelMeeting,
    CarryOutRuling,
    ConveneMeeting,
    OpenMeeting,
    RuleOnCase,
    SendToMeeting,
    SignMeeting,
)
from services.intake.model.preference import SetPreference
from services.intake.model.regular import CheckVisit, EndWork, LogVisit, RegisterWork, WorkDue
from services.intake.model.subscriptions import RecordChoice
from services.intake.model.suggestion import (
    DecideSuggestion,
    JoinPersons,
    JudgeAlike,
    SeparatePerson,
    SeparateRequest,
)
from services.intake.model.task import AddCaseTask, CompleteCaseTask
from services.intake.rules import Rules
from services.intake.vault.needs import prepare_addition, prepare_decline, prepare_note
from services.intake.vault.prepare import (
    FindCredential,
    prepare_correction,
    prepare_party,
    prepare_request,
)
from services.intake.vault.sealing import Vault
from shared.contracts.envelope import Fact
from shared.contracts.events import (
    DonorAnswered,
    MatchCommitted,
    MatchConfirmed,
    MatchDelivered,
    MatchReleased,
    MatchReopened,
    RequestSubmitted,
)
from shared.contracts.values import Value
from shared.messaging.decision import AnyHandler, Decision, Handler
from shared.phone_sign_in import AskSignIn
from shared.revocations import RevokeLinks
from shared.spoken_words import HearWord


def build_events(
    vault: Vault, rules: Rules, find_credential: FindCredential
) -> Mapping[type[Fact], AnyHandler]:
    handlers: dict[type[Fact], AnyHandler] = {
        RequestSubmitted: _build_submission(vault, rules, find_credential),
        MatchCommitted: Handler(decide=progress.decide_committed),
        MatchDelivered: Handler(decide=progress.decide_delivered),
        MatchConfirmed: Handler(decide=progress.decide_confirmed),
        MatchReleased: Handler(decide=progress.decide_released),
        MatchReopened: Handler(decide=progress.decide_reopened),
        DonorAnswered: Handler(decide=donors.decide_donor_answered),
    }
    return {fact: clocks.keep_time(rules.clock, handler) for fact, handler in handlers.items()}


def build_commands(
    vault: Vault, rules: Rules, find_credential: FindCredential
) -> Mapping[type[Value], AnyHandler]:
    handlers: dict[type[Value], AnyHandler] = {
        RequestSubmitted: _build_submission(vault, rules, find_credential),
        StaffRequest: _build_submission(vault, rules, find_credential),
        AskOnPage: _build_submission(vault, rules, find_credential),
        CorrectRequest: Handler(
            decide=partial(corrections.decide_correction, rules),
            prepare=partial(prepare_correction, vault, rules, find_credential),
        ),
        ClassifyRequest: Handler(decide=partial(classification.decide_classify, rules)),
        ApproveRequest: Handler(decide=partial(approvals.decide_approve, rules)),
        ReturnRequest: Handler(
            decide=approvals.decide_return, prepare=partial(prepare_note, vault)
        ),
        MendRequest: Handler(
            decide=partial(approvals.decide_mend, rules), prepare=partial(prepare_addition, vault)
        ),
        AddCaseNote: Handler(
            decide=partial(case_notes.decide_case_note, rules),
            prepare=partial(prepare_addition, vault),
        ),
        AddCaseTask: Handler(
            decide=case_tasks.decide_add_task, prepare=partial(prepare_note, vault)
        ),
        CompleteCaseTask: Handler(
            decide=case_tasks.decide_complete_task, prepare=partial(prepare_note, vault)
        ),
        **_build_meetings(vault, rules),
        **_build_endings(vault, rules),
        VouchForPerson: Handler(decide=partial(requests.decide_vouch, rules)),
        DeclineRequest: Handler(
            decide=approvals.decide_decline, prepare=partial(prepare_decline, vault)
        ),
        WithdrawRequest: Handler(decide=requests.decide_withdraw),
        RegisterParty: Handler(
            decide=persons.decide_register_party,
            prepare=partial(prepare_party, vault, find_credential),
        ),
        SealedCorrection: Handler(decide=persons.decide_correct),
        DecideSuggestion: Handler(decide=suggestions.decide_suggestion),
        JudgeAlike: Handler(decide=suggestions.decide_alike),
        JoinPersons: Handler(decide=suggestions.decide_join),
        SeparatePerson: Handler(decide=suggestions.decide_separate),
        SeparateRequest: Handler(decide=suggestions.decide_separate_request),
        BindOpenid: Handler(decide=persons.decide_bind_openid),
        ProposeErasure: Handler(decide=erasure_proposals.decide_propose_erasure),
        ApproveErasure: Handler(decide=erasure_proposals.decide_approve_erasure),
        RefuseErasure: Handler(decide=erasure_proposals.decide_refuse_erasure),
        ErasePerson: Handler(decide=erasure.decide_erase),
        RevokeLinks: Handler(decide=erasure.decide_revoke_links),
        RevokePersonLinks: Handler(decide=erasure.decide_revoke_person_links),
        ForgetOpenid: Handler(decide=erasure.decide_forget_openid),
        ReportMessage: Handler(decide=replies.decide_message_report),
        AskSignIn: Handler(decide=sign_ins.decide_ask_sign_in),
        HearWord: Handler(decide=sign_ins.decide_hear_word),
        RecordChoice: Handler(decide=subscriptions.decide_record_choice),
        KeepMessage: Handler(decide=messages.decide_keep),
        SettleMessage: Handler(decide=messages.decide_settle),
        HearDonor: Handler(decide=donors.decide_hear_donor),
        UnderstandReply: Handler(decide=replies.decide_reply),
        AbandonDialogue: Handler(decide=messages.decide_abandon),
        HandleMessage: Handler(decide=handling.decide_handle),
        ForgetMessages: Handler(decide=messages.decide_forget),
        StartClock: Handler(decide=partial(clocks.decide_start, rules.clock)),
        CaseDue: Handler(decide=partial(clocks.decide_case_due, rules.clock)),
        PauseCase: Handler(decide=partial(clocks.decide_pause, rules.clock)),
        ResumeCase: Handler(decide=partial(clocks.decide_resume, rules.clock)),
        SetPreference: Handler(decide=preferences.decide_set_preference),
        GiveConsent: Handler(decide=partial(consents.decide_give, rules)),
        EndConsent: Handler(decide=consents.decide_consent_end),
        AddAttachment: Handler(decide=attachments.decide_add),
        RemoveAttachment: Handler(decide=attachments.decide_remove),
        SettleCheck: Handler(decide=attachments.decide_file_check),
        AddMedia: Handler(decide=media.decide_add_media),
        MissMedia: Handler(decide=media.decide_miss_media),
    }
    handlers |= {
        RegisterWork: Handler(decide=partial(regular.decide_register, rules.work)),
        LogVisit: Handler(decide=partial(regular.decide_log, rules.work)),
        CheckVisit: Handler(decide=regular.decide_visit_check),
        EndWork: Handler(decide=regular.decide_work_end),
        WorkDue: Handler(decide=partial(regular.decide_work_due, rules.work)),
        ProposeEmergency: Handler(decide=partial(emergencies.decide_propose, rules.emergency)),
        ConfirmEmergency: Handler(decide=emergencies.decide_confirm),
        EndEmergency: Handler(decide=emergencies.decide_emergency_end),
        HastenRequest: Handler(decide=partial(haste.decide_hasten, rules)),
    }
    return {type_: clocks.keep_time(rules.clock, each) for type_, each in handlers.items()}


def _build_submission(vault: Vault, rules: Rules, find_credential: FindCredential) -> AnyHandler:
    """The same decision for a message that came by HTTP and one that came by the topic."""
    return Handler(
        decide=partial(requests.decide_submission, rules),
        prepare=partial(prepare_request, vault, rules, find_credential),
    )


def _build_meetings(vault: Vault, rules: Rules) -> Mapping[type[Value], AnyHandler]:
    return {
        SendToMeeting: Handler(decide=meetings.decide_send, prepare=partial(prepare_note, vault)),
        ConveneMeeting: Handler(decide=meetings.decide_convene),
        CancelMeeting: Handler(decide=meetings.decide_cancel),
        OpenMeeting: Handler(decide=partial(meetings.decide_open, rules)),
        RuleOnCase: Handler(
            decide=partial(meetings.decide_ruling, rules), prepare=partial(prepare_note, vault)
        ),
        SignMeeting: Handler(decide=meetings.decide_sign),
        CarryOutRuling: Handler(decide=partial(meetings.decide_carry_out, rules)),
    }


def _build_endings(vault: Vault, rules: Rules) -> Mapping[type[Value], AnyHandler]:
    decisions: Mapping[type[Value], Callable[..., Decision]] = {
        ReferRequest: partial(endings.decide_refer, rules),
        RecordReferralAnswer: partial(endings.decide_answer, rules),
        TakeBudget: endings.decide_budget,
        StopBudget: partial(endings.decide_stop_budget, rules),
        ReportEnding: endings.decide_ending_report,
        JudgeEnding: endings.decide_judge_ending,
    }
    prepare = partial(prepare_note, vault)
    return {type_: Handler(decide=each, prepare=prepare) for type_, each in decisions.items()}
