"""What a text is probably about: suggested with the words that led there, decided by a person."""

from services.intake.judgement.model import Guess
from services.intake.judgement.reading import Example, Judge, Judgement, build_judge

__all__ = ["Example", "Guess", "Judge", "Judgement", "build_judge"]
