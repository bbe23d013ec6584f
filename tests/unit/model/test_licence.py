from __future__ import annotations

import pytest

from ledger.model.licence import LicenceState, state_at

DEADLINE, EXPIRES = 1_000, 5_000


@pytest.mark.parametrize(
    ("stage", "now", "expected"),
    [
        (LicenceState.AGREED, DEADLINE, LicenceState.AGREED),
        (LicenceState.AGREED, DEADLINE + 1, LicenceState.LAPSED),
        (LicenceState.PAID, DEADLINE, LicenceState.PAID),
        (LicenceState.PAID, DEADLINE + 1, LicenceState.OVERDUE),
        (LicenceState.DELIVERED, DEADLINE, LicenceState.DELIVERED),
        (LicenceState.DELIVERED, DEADLINE + 1, LicenceState.ACTIVE),
        (LicenceState.DELIVERED, EXPIRES - 1, LicenceState.ACTIVE),
        (LicenceState.DELIVERED, EXPIRES, LicenceState.EXPIRED),
        (LicenceState.ACTIVE, 0, LicenceState.ACTIVE),
        (LicenceState.ACTIVE, EXPIRES - 1, LicenceState.ACTIVE),
        (LicenceState.ACTIVE, EXPIRES, LicenceState.EXPIRED),
        (LicenceState.APPLIED, 10**9, LicenceState.APPLIED),
        (LicenceState.REFUNDED, 10**9, LicenceState.REFUNDED),
    ],
)
def test_state_follows_from_stage_and_time(stage: LicenceState, now: int, expected: LicenceState) -> None:
    assert state_at(stage, DEADLINE, EXPIRES, now) is expected
