"""What each event does to the rows it touches."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from eth_utils.crypto import keccak

from ledger.chain.abi import Parameter, snake_case
from ledger.chain.artifacts import artifact
from ledger.chain.events import LEDGER_CONTRACTS
from ledger.errors import IndexStateError
from ledger.index.apply import FOLDS, Occurrence, fold, touched
from ledger.index.rows import Key, Plain, Row
from ledger.index.schema import STATE_TABLES, narrow, wide
from ledger.model.licence import EscrowStatus, LicenceState
from tests.support.simulated_ledger import TOKENS, ZERO, Ledger, account, digest

NOW = 1_760_000_000
ANNA, BEN = account(1), account(2)

# Events that say nothing about what the index keeps as rows.
WITHOUT_ROWS = {
    *((contract, "AuthorityUpdated") for contract in LEDGER_CONTRACTS),
    *((contract, name) for contract in ("Datasets", "Licences") for name in ("Approval", "ApprovalForAll")),
    ("Licences", "Locked"),  # every licence is locked, always
    ("Licences", "Unlocked"),
    ("Licences", "EIP712DomainChanged"),
    ("Benefits", "RenewalCollected"),  # what it brings follows as Credited
}


class State:
    """Rows as they are after some events."""

    def __init__(self) -> None:
        self.rows: dict[Key, Row | None] = {}

    def say(self, contract: str, event: str, /, **arguments: Any) -> State:
        occurrence = Occurrence(contract, event, arguments, NOW)
        present = {key: self.rows.get(key) for key in touched([occurrence])}
        self.rows |= fold([occurrence], present)
        return self

    def row(self, table: str, *key: int | str) -> dict[str, Plain]:
        found = self.rows[Key(table, key)]
        assert found is not None
        assert found.keys() == {column.name for column in STATE_TABLES[table].columns}
        return dict(found)

    def has(self, table: str, *key: int | str) -> bool:
        return self.rows.get(Key(table, key)) is not None


def test_every_event_of_the_ledger_is_folded_or_said_to_have_no_rows() -> None:
    declared = {
        (contract, entry.name)
        for contract in LEDGER_CONTRACTS
        if contract != "AccessManager"
        for entry in artifact(contract).events.values()
    }

    assert FOLDS.keys() <= declared
    assert declared - FOLDS.keys() <= WITHOUT_ROWS


def names(parameters: Sequence[Parameter]) -> dict[str, Any]:
    return {snake_case(p.name): names(p.components) for p in parameters}


def named(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: named(value) if isinstance(value, Mapping) else {} for name, value in arguments.items()}


def test_simulated_histories_say_what_the_contracts_say_and_all_that_is_folded() -> None:
    ledger, chance = Ledger(), random.Random(7)  # noqa: S311 - repeatable, not secret
    said = [said for now in range(3_000) for said in ledger.act(chance, NOW + now)]

    assert {(contract, name) for contract, name, _ in said} >= FOLDS.keys()
    for contract, name, arguments in said:
        if contract != "AccessManager":
            entry = next(e for e in artifact(contract).events.values() if e.name == name)
            assert named(arguments) == names(entry.inputs)


# Members.


def admitted() -> State:
    return (
        State()
        .say(
            "Members",
            "MemberAdmitted",
            member=1,
            principal=ANNA,
            kinds=3,
            country=b"DE",
            metadata_digest=digest("about"),
            name="Universität",
        )
        .say("Members", "AccountAdded", member=1, account=ANNA)
    )


def test_a_member_is_admitted_with_its_principal() -> None:
    state = admitted()

    assert state.row("members", 1) == {
        "id": 1,
        "principal": ANNA,
        "status": 1,
        "kinds": 3,
        "country": "DE",
        "joined_at": NOW,
        "metadata_digest": "0x" + digest("about").hex(),
        "name": "Universität",
        "search": "universität",
        "delivery_key_x": None,
        "delivery_key_y": None,
        "succession": 0,
    }
    assert state.row("member_accounts", ANNA) == {"account": ANNA, "member": 1, "acts": True}


def test_a_member_changes() -> None:
    state = admitted()
    state.say("Members", "MemberStatusChanged", member=1, status=2).say(
        "Members", "MemberKindsChanged", member=1, kinds=1
    )
    state.say("Members", "DeliveryKeyChanged", member=1, x=2**256 - 1, y=7)
    state.say("Members", "MemberDescribed", member=1, metadata_digest=digest("new"), name="A\0B")
    state.say("Members", "PrincipalChanged", member=1, principal=BEN)

    row = state.row("members", 1)
    assert (row["status"], row["kinds"], row["principal"], row["name"]) == (2, 1, BEN, "A\ufffdB")
    assert row["delivery_key_x"] == "f" * 64
    assert narrow(str(row["delivery_key_y"])) == 7


def test_accepting_uses_the_invitation_up() -> None:
    state = admitted().say("Members", "AccountInvited", member=1, account=BEN)
    assert state.has("invitations", 1, BEN)

    state.say("Members", "AccountAdded", member=1, account=BEN)

    assert not state.has("invitations", 1, BEN)
    assert state.row("member_accounts", BEN)["acts"] is True


def test_removing_an_invited_account_takes_back_the_invitation_only() -> None:
    state = admitted().say("Members", "AccountInvited", member=1, account=BEN)
    state.say("Members", "AccountRemoved", member=1, account=BEN)

    assert not state.has("invitations", 1, BEN)
    assert not state.has("member_accounts", BEN)


def test_a_new_principal_voids_what_was_not_accepted() -> None:
    state = admitted().say("Members", "AccountInvited", member=1, account=BEN)
    state.say("Members", "PrincipalChanged", member=1, principal=ANNA)
    invitation, member = state.row("invitations", 1, BEN), state.row("members", 1)
    assert invitation["succession"] != member["succession"]

    state.say("Members", "AccountInvited", member=1, account=BEN)
    assert state.row("invitations", 1, BEN)["succession"] == member["succession"]


def test_removing_an_account_ends_its_right_to_act_whatever_void_invitation_is_left() -> None:
    state = admitted().say("Members", "AccountAdded", member=1, account=BEN)
    state.rows[Key("invitations", (1, BEN))] = {"member": 1, "account": BEN, "succession": 0}
    state.say("Members", "PrincipalChanged", member=1, principal=ANNA)

    state.say("Members", "AccountRemoved", member=1, account=BEN)

    assert state.row("member_accounts", BEN)["acts"] is False
    assert not state.has("invitations", 1, BEN)


def test_removing_an_account_leaves_it_taken() -> None:
    state = admitted().say("Members", "AccountInvited", member=1, account=BEN)
    state.say("Members", "AccountAdded", member=1, account=BEN).say("Members", "AccountRemoved", member=1, account=BEN)

    assert state.row("member_accounts", BEN) == {"account": BEN, "member": 1, "acts": False}


def test_an_invitation_that_another_member_withdraws_does_not_touch_the_account() -> None:
    state = admitted()
    state.rows[Key("members", (2,))] = {**state.row("members", 1), "id": 2}
    state.say("Members", "AccountInvited", member=2, account=BEN)
    state.say("Members", "AccountInvited", member=1, account=BEN).say("Members", "AccountAdded", member=1, account=BEN)

    state.say("Members", "AccountRemoved", member=2, account=BEN)

    assert state.row("member_accounts", BEN) == {"account": BEN, "member": 1, "acts": True}


def test_an_event_about_an_unknown_member_is_refused() -> None:
    with pytest.raises(IndexStateError, match=r"MemberStatusChanged.*earlier event is missing"):
        State().say("Members", "MemberStatusChanged", member=1, status=2)


# Datasets.


def registered(dataset: int = 1, state: State | None = None, **changes: Any) -> State:
    registration = {
        "collector": 2,
        "size": 2**64 - 1,
        "embargo_until": NOW + 9,
        "funding": 1,
        "tier": 2,
        "human_genetic_resources": True,
        "manifest_codec": 0x70,
        "manifest_digest": digest("manifest"),
        "metadata_digest": digest("metadata"),
        "key_commitment": digest("key"),
        "supersedes": 0,
        "parents": [],
        "attribution": "Klinik Köln",
    } | changes
    return (state or State()).say("Datasets", "DatasetRegistered", dataset=dataset, holder=1, registration=registration)


def test_a_dataset_keeps_the_whole_registration() -> None:
    assert registered().row("datasets", 1) == {
        "id": 1,
        "collector": 2,
        "holder": 1,
        "size": wide(2**64 - 1),
        "registered_at": NOW,
        "embargo_until": NOW + 9,
        "funding": 1,
        "tier": 2,
        "status": 1,
        "human_genetic_resources": True,
        "manifest_codec": 0x70,
        "manifest_digest": "0x" + digest("manifest").hex(),
        "metadata_digest": "0x" + digest("metadata").hex(),
        "key_commitment": "0x" + digest("key").hex(),
        "attribution_digest": "0x" + keccak("Klinik Köln".encode()).hex(),
        "attribution": "Klinik Köln",
        "search": "klinik köln",
        "supersedes": None,
        "superseded_by": None,
    }


def test_versions_name_each_other_and_parents_keep_their_order() -> None:
    state = registered(3, registered(2, registered(1)))
    registered(4, state, supersedes=2, parents=[3, 1])

    assert state.row("datasets", 4)["supersedes"] == 2
    assert state.row("datasets", 2)["superseded_by"] == 4
    assert [state.row("dataset_parents", 4, place)["parent"] for place in (0, 1)] == [3, 1]


def test_superseding_a_version_in_the_same_run_of_events() -> None:
    occurrences = [
        Occurrence(
            "Datasets",
            "DatasetRegistered",
            {
                "dataset": dataset,
                "holder": 1,
                "registration": {
                    "collector": 1,
                    "size": 1,
                    "embargo_until": 0,
                    "funding": 0,
                    "tier": 0,
                    "human_genetic_resources": False,
                    "manifest_codec": 0x55,
                    "manifest_digest": digest(dataset),
                    "metadata_digest": digest("m"),
                    "key_commitment": digest("k"),
                    "supersedes": former,
                    "parents": [],
                    "attribution": "a",
                },
            },
            NOW,
        )
        for dataset, former in ((1, 0), (2, 1))
    ]
    after = fold(occurrences, dict.fromkeys(touched(occurrences)))

    assert {key.values[0]: row["superseded_by"] for key, row in after.items() if row} == {1: 2, 2: None}


def test_an_attribution_that_is_no_text_keeps_its_digest() -> None:
    raw = b"\xff raw\x00"
    row = registered(attribution=raw.decode("utf-8", "surrogateescape")).row("datasets", 1)

    assert row["attribution_digest"] == "0x" + keccak(raw).hex()
    assert row["attribution"] == "\ufffd raw\ufffd"


def test_a_dataset_changes() -> None:
    state = registered()
    state.say("Datasets", "HolderChanged", **{"dataset": 1, "from": 1, "to": 7})
    state.say("Datasets", "EmbargoShortened", dataset=1, embargo_until=NOW)
    state.say("Datasets", "DatasetStatusChanged", dataset=1, status=3)

    row = state.row("datasets", 1)
    assert (row["holder"], row["embargo_until"], row["status"]) == (7, NOW, 3)


def test_tokens_are_minted_moved_and_burned() -> None:
    state = State().say("Licences", "Transfer", **{"from": ZERO, "to": ANNA, "token_id": 5})
    assert state.row("token_owners", "Licences", 5)["owner"] == ANNA
    state.say("Datasets", "Transfer", **{"from": ZERO, "to": BEN, "token_id": 5})
    state.say("Datasets", "Transfer", **{"from": BEN, "to": ANNA, "token_id": 5})
    assert state.row("token_owners", "Datasets", 5)["owner"] == ANNA

    state.say("Licences", "Transfer", **{"from": ANNA, "to": ZERO, "token_id": 5})
    assert not state.has("token_owners", "Licences", 5)
    assert state.has("token_owners", "Datasets", 5)


# Offers.


def terms(**changes: Any) -> dict[str, Any]:
    return {
        "token": TOKENS[0],
        "price": 2**128 - 1,
        "duration": 86_400,
        "duo_codes": 1 << 42,
        "country": b"\0\0",
        "moratorium_until": 0,
        "diseases_digest": bytes(32),
        "shares": {
            "fund": 0,
            "platform": 4,
            "collector_share": 1,
            "holder_share": 9_998,
            "fund_share": 0,
            "platform_share": 1,
        },
        "prose_digest": digest("prose"),
        "considerations_digest": bytes(32),
    } | changes


def test_an_offer_keeps_its_terms_whole() -> None:
    stated = terms(country=b"JP", moratorium_until=NOW + 5, duo_codes=1 << 42 | 1 << 22 | 1 << 24)
    state = State().say("Offers", "OfferPublished", offer=3, dataset=1, terms_digest=digest("terms"), terms=stated)

    row = state.row("offers", 3)
    assert row["open"] is True
    assert (row["country"], row["moratorium_until"], row["price"]) == ("JP", NOW + 5, wide(2**128 - 1))
    assert (row["platform"], row["holder_share"], row["token"]) == (4, 9_998, TOKENS[0])
    state.say("Offers", "OfferWithdrawn", offer=3)
    assert state.row("offers", 3) == row | {"open": False}


def test_conditions_that_an_offer_lacks_are_none() -> None:
    state = State().say("Offers", "OfferPublished", offer=3, dataset=1, terms_digest=digest("terms"), terms=terms())

    assert (state.row("offers", 3)["country"], state.row("offers", 3)["moratorium_until"]) == (None, None)


# Licences.


def applied() -> State:
    return State().say(
        "Licences", "LicenceApplied", licence=9, offer=3, dataset=1, licensee=2, purpose_digest=digest("wanted")
    )


def agreed(*, paid: bool = True) -> State:
    state = applied().say("Licences", "LicenceApproved", licence=9, licensor=1, purpose_digest=digest("approved"))
    agreement = {
        "licence": 9,
        "dataset": 1,
        "offer": 3,
        "licensor": 1,
        "licensee": 2,
        "purpose_digest": digest("approved"),
        "delivery_key_x": 5,
        "delivery_key_y": 6,
        "deadline": NOW + 1,
        "terms": terms(),
    }
    return state.say(
        "Licences",
        "LicenceAgreed",
        licence=9,
        agreement_digest=digest("agreement"),
        agreement=agreement,
        licensor={"signer": ANNA, "signature": b"\1"},
        licensee={"signer": BEN, "signature": b"\2"},
        payment_due=NOW + 10 if paid else 0,
    )


def test_a_licence_from_application_to_renewal() -> None:
    state = agreed()
    row = state.row("licences", 9)
    assert (row["stage"], row["deadline"], row["licensor"]) == (LicenceState.AGREED, NOW + 10, 1)
    assert row["requested_purpose_digest"] == "0x" + digest("wanted").hex()
    assert row["purpose_digest"] == "0x" + digest("approved").hex()
    assert row["delivery_key_digest"] == "0x" + keccak((5).to_bytes(32) + (6).to_bytes(32)).hex()
    assert state.row("agreements", 9)["licensee_signature"] == "0x02"

    state.say("Licences", "LicencePaid", licence=9, payer=BEN, price=5, delivery_due=NOW + 20)
    row = state.row("licences", 9)
    assert (row["stage"], row["deadline"], row["payer"]) == (LicenceState.PAID, NOW + 20, BEN)

    state.say("Licences", "LicenceDelivered", licence=9, acceptance_due=NOW + 30, expires_at=NOW + 90)
    row = state.row("licences", 9)
    assert (row["stage"], row["deadline"], row["expires_at"]) == (LicenceState.DELIVERED, NOW + 30, NOW + 90)

    state.say("Licences", "LicenceSettled", licence=9)
    row = state.row("licences", 9)
    assert (row["stage"], row["settled"]) == (LicenceState.ACTIVE, True)

    state.say("Licences", "LicenceRenewed", licence=9, payer=BEN, price=5, expires_at=NOW + 180)
    assert state.row("licences", 9) == row | {"expires_at": NOW + 180}


def test_a_free_licence_is_paid_by_nobody() -> None:
    state = agreed(paid=False).say("Licences", "LicencePaid", licence=9, payer=ZERO, price=0, delivery_due=NOW + 20)

    row = state.row("licences", 9)
    assert (row["stage"], row["deadline"], row["payer"]) == (LicenceState.PAID, NOW + 20, None)


@pytest.mark.parametrize(
    ("event", "arguments", "stage"),
    [
        ("LicenceRejected", {"reasons_digest": digest("no")}, LicenceState.REJECTED),
        ("LicenceCancelled", {}, LicenceState.CANCELLED),
        ("LicenceAccepted", {}, LicenceState.ACTIVE),
        ("LicenceRefunded", {}, LicenceState.REFUNDED),
    ],
)
def test_a_licence_ends_or_begins(event: str, arguments: dict[str, Any], stage: LicenceState) -> None:
    state = agreed().say("Licences", event, licence=9, **arguments)

    assert state.row("licences", 9)["stage"] == stage
    assert (state.row("licences", 9)["reasons_digest"] is not None) == (stage is LicenceState.REJECTED)


def test_windows_replace_each_other() -> None:
    state = State()
    for delivery in (60, 70):
        windows = {"payment": 60, "delivery": delivery, "acceptance": 60}
        state.say("Licences", "WindowsChanged", windows=windows)

    assert state.row("windows", 1) == {"id": 1, "payment": 60, "delivery": 70, "acceptance": 60}


def test_a_delivered_key_is_kept() -> None:
    state = State().say(
        "KeyExchange",
        "KeyDelivered",
        licence=9,
        licensor=1,
        wrapped_key=digest("wrapped"),
        ephemeral_prefix=3,
        ephemeral_x=2**255,
    )

    assert state.row("deliveries", 9) == {
        "licence": 9,
        "licensor": 1,
        "wrapped_key": "0x" + digest("wrapped").hex(),
        "ephemeral_prefix": 3,
        "ephemeral_x": wide(2**255),
        "delivered_at": NOW,
    }


# Benefits.


@pytest.mark.parametrize(
    ("event", "arguments", "status"),
    [
        ("EscrowFunded", {"from": ANNA}, EscrowStatus.FUNDED),
        ("EscrowCancelled", {}, EscrowStatus.CANCELLED),
        ("EscrowSettled", {}, EscrowStatus.SETTLED),
        ("EscrowRefunded", {}, EscrowStatus.REFUNDED),
    ],
)
def test_the_money_of_a_licence(event: str, arguments: dict[str, Any], status: EscrowStatus) -> None:
    state = State().say("Benefits", "EscrowInvoiced", licence=9, token=TOKENS[0], payer=2, amount=2**128 - 1)
    assert state.row("escrows", 9)["status"] == EscrowStatus.INVOICED

    state.say("Benefits", event, licence=9, **arguments)

    row = state.row("escrows", 9)
    assert (row["status"], row["amount"], row["payer"]) == (status, wide(2**128 - 1), 2)
    assert row["funded_from"] == arguments.get("from")


def test_balances_are_what_came_minus_what_went() -> None:
    state = State()
    for amount in (2**256 - 10, 7):
        state.say("Benefits", "Credited", member=1, token=TOKENS[0], licence=9, amount=amount)
    state.say("Benefits", "Credited", member=1, token=TOKENS[1], licence=9, amount=5)
    state.say("Benefits", "Withdrawn", member=1, token=TOKENS[0], to=ANNA, amount=2**256 - 3)

    row = state.row("balances", 1, TOKENS[0])
    assert [narrow(str(row[name])) for name in ("available", "credited", "withdrawn")] == [0, 2**256 - 3, 2**256 - 3]
    assert narrow(str(state.row("balances", 1, TOKENS[1])["available"])) == 5


def test_a_payment_beyond_what_came_in_is_refused() -> None:
    state = State().say("Benefits", "Credited", member=1, token=TOKENS[0], licence=9, amount=5)

    with pytest.raises(IndexStateError, match=r"Withdrawn"):
        state.say("Benefits", "Withdrawn", member=1, token=TOKENS[0], to=ANNA, amount=6)


def test_tokens_are_allowed_and_disallowed() -> None:
    state = State().say("Benefits", "TokenAllowed", token=TOKENS[0], allowed=True)
    assert state.row("tokens", TOKENS[0])["allowed"] is True
    assert (
        state.say("Benefits", "TokenAllowed", token=TOKENS[0], allowed=False).row("tokens", TOKENS[0])["allowed"]
        is False
    )


# Purity.


def test_folding_changes_none_of_the_rows_it_was_given() -> None:
    state = agreed()
    before = {key: None if row is None else dict(row) for key, row in state.rows.items()}
    fold([Occurrence("Licences", "LicenceCancelled", {"licence": 9}, NOW)], state.rows)

    assert state.rows == before


def test_events_that_undo_each_other_change_nothing() -> None:
    present = admitted().rows | {Key("invitations", (1, BEN)): None, Key("member_accounts", (BEN,)): None}
    invited = Occurrence("Members", "AccountInvited", {"member": 1, "account": BEN}, NOW)
    removed = Occurrence("Members", "AccountRemoved", {"member": 1, "account": BEN}, NOW)

    assert fold([invited, removed], present) == {}
