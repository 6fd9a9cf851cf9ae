"""Moments as the database keeps them: whole milliseconds, cut and not rounded."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def as_stored(moment: datetime) -> datetime:
    """What is compared for equality, or told to somebody who will."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def milliseconds(moment: datetime) -> int:
    """Since 1970; never through a binary float."""
    return (moment - _EPOCH) // _MILLISECOND


def of_milliseconds(number: int) -> datetime:
    """Raises OverflowError beyond the calendar."""
    return _EPOCH + number * _MILLISECOND
