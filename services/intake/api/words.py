"""HTTP for auditors: the codes that applicants asked for to sign in by, used or not."""

from shared.web.words import build_word_routes

router = build_word_routes()
