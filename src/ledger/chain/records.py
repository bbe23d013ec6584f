"""Between the contracts' structs and this package's models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger.model.dataset import Registration
from ledger.model.ids import Address, DatasetId, Digest, LicenceId, MemberId, OfferId, UnixTime
from ledger.model.licence import Agreement, Windows
from ledger.model.parties import Admission, DeliveryKey
from ledger.model.terms import DuoCodes, Shares, Terms

__all__ = [
    "admission_tuple",
    "agreement_from",
    "country_from",
    "registration_from",
    "registration_tuple",
    "terms_from",
    "terms_tuple",
    "windows_from",
    "windows_tuple",
]

NO_COUNTRY = bytes(2)


def admission_tuple(admission: Admission) -> tuple[Any, ...]:
    """As ``IMembers.Admission``."""
    return (
        admission.principal,
        int(admission.kinds),
        admission.country.encode("ascii"),
        admission.metadata_digest,
        admission.name,
    )


def registration_tuple(registration: Registration) -> tuple[Any, ...]:
    """As ``IDatasets.Registration``."""
    return (
        registration.collector,
        registration.size,
        registration.embargo_until,
        int(registration.funding),
        int(registration.tier),
        registration.human_genetic_resources,
        registration.manifest_codec,
        registration.manifest_digest,
        registration.metadata_digest,
        registration.key_commitment,
        registration.supersedes,
        registration.parents,
        registration.attribution,
    )


def registration_from(value: Mapping[str, Any]) -> Registration:
    """From a decoded ``IDatasets.Registration``."""
    return Registration(**{**value, "parents": tuple(value["parents"])})


def terms_tuple(terms: Terms) -> tuple[Any, ...]:
    """As ``Terms``."""
    shares = terms.shares
    return (
        terms.token,
        terms.price,
        terms.duration,
        terms.duo.bits,
        terms.country.encode("ascii") if terms.country else NO_COUNTRY,
        terms.moratorium_until or 0,
        terms.diseases_digest,
        (
            shares.fund,
            shares.platform,
            shares.collector_share,
            shares.holder_share,
            shares.fund_share,
            shares.platform_share,
        ),
        terms.prose_digest,
        terms.considerations_digest,
    )


def terms_from(value: Mapping[str, Any]) -> Terms:
    """From a decoded ``Terms``."""
    return Terms(
        token=Address(value["token"]),
        price=value["price"],
        duration=value["duration"],
        duo=DuoCodes.from_bits(value["duo_codes"]),
        country=country_from(value["country"]),
        moratorium_until=UnixTime(value["moratorium_until"]) if value["moratorium_until"] else None,
        diseases_digest=Digest(value["diseases_digest"]),
        shares=Shares(**value["shares"]),
        prose_digest=Digest(value["prose_digest"]),
        considerations_digest=Digest(value["considerations_digest"]),
    )


def agreement_from(value: Mapping[str, Any]) -> Agreement:
    """From a decoded ``ILicences.Agreement``."""
    return Agreement(
        licence=LicenceId(value["licence"]),
        dataset=DatasetId(value["dataset"]),
        offer=OfferId(value["offer"]),
        licensor=MemberId(value["licensor"]),
        licensee=MemberId(value["licensee"]),
        purpose_digest=Digest(value["purpose_digest"]),
        delivery_key=DeliveryKey(x=value["delivery_key_x"], y=value["delivery_key_y"]),
        deadline=UnixTime(value["deadline"]),
        terms=terms_from(value["terms"]),
    )


def windows_tuple(windows: Windows) -> tuple[int, int, int]:
    """As ``ILicences.Windows``."""
    return (windows.payment, windows.delivery, windows.acceptance)


def windows_from(value: Mapping[str, Any]) -> Windows:
    """From a decoded ``ILicences.Windows``."""
    return Windows(**value)


def country_from(code: bytes) -> str | None:
    """ISO 3166-1 alpha-2 code from ``bytes2``; None for zero."""
    return code.decode("ascii") if code != NO_COUNTRY else None
