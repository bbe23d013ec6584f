"""What Ocean Protocol's contracts accept, and what this ledger says to the same.

python -m benchmarks.ocean_behaviour
"""

from __future__ import annotations

from collections.abc import Callable

from eth_typing import ChecksumAddress
from web3 import Web3
from web3.exceptions import ContractLogicError

from benchmarks.figure import Observation, Observations
from benchmarks.ocean import NOBODY, Ocean, Product
from benchmarks.report import print_figure
from ledger.chain import datasets, delivery, licences
from ledger.chain.anvil import Anvil
from ledger.errors import RefusedError
from ledger.model.ids import LicenceId
from tests.support.world import PRICE, Person, World

__all__ = ["measure"]

DECIMALS = 2
PROVIDER, FOREIGN_PROVIDER = b"\x07" * 32, b"\x08" * 32
NO_ORDER = b"\x01" * 32
NO_LICENCE = LicenceId(999_999)
GENERATOR = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
"""A point of secp256k1, as a well-formed ephemeral key."""

METHOD = """\
Tried on the same node: each act is sent to Ocean's published contracts, and its counterpart to this ledger's. Refusals
are given by the contract's own name for them."""


def measure() -> Observations:
    """Try each act on both."""
    with Anvil() as anvil, World.deploy(anvil.url) as world:
        ocean = Ocean.deploy(world.chain.w3, _web3(world.operator), Web3.to_checksum_address(world.token))
        product, _ = ocean.publish(_web3(world.hospital), NOBODY, PRICE, DECIMALS)
        ocean.approve(_web3(world.company), product)
        rows = (
            _foreign_key(world, ocean, product),
            _unknown_order(world, ocean, product),
            _revoked(world, ocean, product),
        )
        return Observations(
            title="What Ocean's contracts accept", ours="this ledger", reference="Ocean", rows=rows, method=METHOD
        )


def _revoked(world: World, ocean: Ocean, product: Product) -> Observation:
    ocean.revoke(_web3(world.hospital), product)
    licence = world.agreed()
    dataset = licences.licence(world.chain, licence).dataset
    if dataset is None:
        raise ValueError("the licence is of no dataset")
    world.act(world.operator, datasets.revoke(dataset))
    return Observation(
        "buying a dataset that is revoked",
        ours=_tried(lambda: world.pay(licence)),
        reference=_tried(lambda: ocean.buy(_web3(world.company), product, PRICE, PROVIDER)),
    )


def _unknown_order(world: World, ocean: Ocean, product: Product) -> Observation:
    return Observation(
        "using an order again that never was",
        ours=_tried(lambda: world.act(world.company, licences.renew(NO_LICENCE, PRICE))),
        reference=_tried(lambda: ocean.reuse(_web3(world.company), product, NO_ORDER, PROVIDER)),
    )


def _foreign_key(world: World, ocean: Ocean, product: Product) -> Observation:
    licence = world.paid()
    foreign = delivery.deliver(licence, bytes(32), GENERATOR)
    return Observation(
        "access handed out under a key that is not the provider's",
        ours=_tried(lambda: world.act(world.company, foreign)),
        reference=_tried(lambda: ocean.buy(_web3(world.company), product, PRICE, FOREIGN_PROVIDER)),
    )


def _tried(act: Callable[[], object]) -> str:
    try:
        act()
    except RefusedError as error:
        return f"refused: {error.name}"
    except ContractLogicError as error:
        return f"refused: {error}"
    return "accepted"


def _web3(person: Person) -> ChecksumAddress:
    return Web3.to_checksum_address(person.address)


if __name__ == "__main__":
    print_figure(measure())
