"""What was agreed, proved by the signatures of the parties and not by the word of a node.

The agreement is rebuilt from its event, its EIP-712 digest is computed here for the chain and contract of the
deployment file, and what the digest covers is believed as far as it was signed by an account of one's own: which
dataset, which licence, and to which delivery key.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from pydantic import ValidationError

from ledger.acts.history import find_event
from ledger.chain.chain import Chain
from ledger.chain.records import agreement_from
from ledger.chain.signatures import recover
from ledger.chain.typed_data import agreement_message, typed_digest
from ledger.errors import IntegrityError, LedgerError
from ledger.model.ids import Address
from ledger.model.licence import Agreement, Licence

__all__ = ["signed_agreement"]

TRUST: Final = "or, if the node is your own and you trust it, deliver with --trust-node"


def signed_agreement(licence: Licence, own: Collection[Address], chain: Chain, *, trust_node: bool) -> Agreement:
    """The agreement of a licence, as an account of one's own signed it on the licensor's side.

    Args:
        licence: As the node shows it.
        own: Accounts whose keys one holds.
        chain: The ledger.
        trust_node: Take the node's word for the signatures: where a contract signed (ERC-1271), or an account whose key
            is kept elsewhere.

    Raises:
        IntegrityError: What the node shows was not signed, or not by an account of one's own.
        NodeUnavailableError: The node does not answer.
    """
    said = find_event(chain, "Licences", "LicenceAgreed", licence.id).arguments
    agreement = _agreement(said, licence)
    digest = typed_digest(agreement_message(chain.chain_id, chain.deployment.address("Licences"), agreement))
    if (agreement.licence, digest) != (licence.id, licence.agreement_digest):
        raise _refused(licence, "the agreement that the node shows is not the one of this licence", "ask another node")
    if not trust_node:
        _require_signatures(licence, said, digest, own, chain)
    return agreement


def _agreement(said: Mapping[str, Any], licence: Licence) -> Agreement:
    try:
        return agreement_from(said["agreement"])
    except (LedgerError, ValidationError, ValueError) as error:
        raise _refused(licence, "the agreement that the node shows is none", "ask another node") from error


def _require_signatures(
    licence: Licence, said: Mapping[str, Any], digest: bytes, own: Collection[Address], chain: Chain
) -> None:
    licensor, licensee = said["licensor"], said["licensee"]
    signer = recover(digest, licensor["signature"])
    if signer is None or signer not in own:
        named = licensor["signer"]
        raise _refused(
            licence,
            f"no account whose key is here signed its agreement: the node names {named}, which is a contract, or an"
            " account of another keystore, or nobody who signed",
            f"deliver where the key that signed is, {TRUST}",
        )
    account = licensee["signer"]
    if recover(digest, licensee["signature"]) != account and not chain.code(account):
        raise _refused(licence, f"{account} did not sign its agreement as the licensee", "ask another node")


def _refused(licence: Licence, why: str, fix: str) -> IntegrityError:
    return IntegrityError(f"The key for licence {licence.id} was not delivered", why=why, fix=fix)
