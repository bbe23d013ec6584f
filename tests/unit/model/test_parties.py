from __future__ import annotations

import pytest
from pydantic import ValidationError

from ledger.model.dataset import Registration
from ledger.model.parties import Admission, DeliveryKey, MemberKind

ADMISSION = {
    "principal": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "kinds": MemberKind.INSTITUTION | MemberKind.USER,
    "country": "DE",
    "metadata_digest": bytes(32),
    "name": "City Hospital",
}
REGISTRATION = {
    "collector": 1,
    "size": 10,
    "embargo_until": 0,
    "funding": 0,
    "tier": 2,
    "human_genetic_resources": False,
    "manifest_codec": 0x55,
    "manifest_digest": b"\x01" * 32,
    "metadata_digest": b"\x02" * 32,
    "key_commitment": b"\x03" * 32,
    "attribution": "City Hospital",
}


def test_a_member_may_be_of_several_kinds() -> None:
    assert Admission.model_validate(ADMISSION).kinds == 3


@pytest.mark.parametrize("change", [{"country": "Germany"}, {"name": ""}, {"principal": "0x0"}, {"extra": 1}])
def test_a_wrong_admission_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Admission.model_validate(ADMISSION | change)


def test_coordinates_fit_a_word() -> None:
    with pytest.raises(ValidationError):
        DeliveryKey(x=2**256, y=0)


def test_a_registration_as_it_should_be() -> None:
    assert Registration.model_validate(REGISTRATION).supersedes == 0


@pytest.mark.parametrize(
    "change",
    [
        {"collector": 0},
        {"size": 0},
        {"size": 2**64},
        {"embargo_until": 2**40},
        {"tier": 4},
        {"parents": tuple(range(1, 10))},
        {"attribution": ""},
        {"manifest_digest": "0x01"},
    ],
)
def test_a_wrong_registration_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Registration.model_validate(REGISTRATION | change)
