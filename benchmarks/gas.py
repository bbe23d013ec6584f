"""Gas of publishing and of buying, beside Ocean Protocol's compiled contracts on the same node.

    python -m benchmarks.gas

Gas does not depend on the machine or on chance: each transaction is sent once and its receipt read.
"""

from __future__ import annotations

from collections.abc import Mapping

from eth_typing import ChecksumAddress
from web3 import Web3
from web3.types import TxReceipt

from benchmarks.figure import Aim, Figure, Row
from benchmarks.ocean import NOBODY, Ocean, Product
from benchmarks.report import print_figure
from ledger.chain import datasets, licences, members, offers, tokens
from ledger.chain.anvil import Anvil
from ledger.model.dataset import Publication
from ledger.model.ids import DatasetId, OfferId
from tests.support.world import PRICE, Person, World, point

__all__ = ["measure"]

A_THIRD = Aim.below(1 / 3, "≤ 1/3")
A_HALF = Aim.below(1 / 2, "≤ 1/2")
BATCH = 50
DECIMALS = 2
METADATA = b"m" * 1024
CID = b"bafkreiabcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst"
PROVIDER = b"\x07" * 32
"""Secret of Ocean's provider, the service that hands out the data; any key is accepted."""

METHOD = f"""\
Gas used, from the receipts of whole transactions, both systems on one anvil node with the rules of Paris and with the
same ERC-20 token. Ocean's contracts are the published bytecode of `@oceanprotocol/contracts` 2.6.0. Our offers split a
price among holder, collector, fund and platform; Ocean's pay the holder and the platform (its marketplace fee). Rows
*without fee* show Ocean where it costs least: the holder alone is paid, and nobody charges a fee. Both systems have had
a sale before, so first writes to what all share are not counted on either side.

*Publish*: ours is `Datasets.register` and `Offers.publish`; Ocean's is `createNftWithErc20WithFixedRate` and
`setMetaData`. We anchor the digest of a metadata document that lies in the store; Ocean puts the document on the chain,
here 1 KiB, in one row only its CID. Ocean publishes one at a time, so each of a batch of {BATCH} is held against one
publication.

*Buy*: ours is `applyFor` and `payWithPermit`, sent by the buyer; the signatures of permit and agreement cost no gas.
Ocean's is `approve` and `buyFromFreAndOrder`; each of its datatokens needs an allowance of its own. In the row *with
standing allowances* the buyer has given unlimited ones before, which are not counted: to `Benefits` here, to the
datatoken there; ours is then `applyFor` and `pay`.
"""
ONCE = "A member registers a delivery key once, before its first licence: {:,} gas, not in the rows above."
LAST_ROW = (
    "The last row counts what has no counterpart in Ocean: approval of the application, the agreement signed by both "
    "sides, the delivered key, the licence as a token, and the split of the price. Ocean keeps no licence on the "
    "chain: an order is an event and a burned token."
)


BUYER = ("Licences.applyFor", "Licences.payWithPermit")
HOLDER = ("Licences.approveApplication", "Licences.agree", "KeyExchange.deliver", "Licences.settle")
"""Acts of a licence that the buyer need not send. Anyone may send the agreement and the settlement."""

Gas = Mapping[str, int]
"""Gas of one licence's acts, by contract and function."""


def measure() -> Figure:
    """Measure everything on one fresh node."""
    with Anvil() as anvil, World.deploy(anvil.url) as world:
        operator, token = _web3(world.operator), Web3.to_checksum_address(world.token)
        ocean = Ocean.deploy(world.chain.w3, operator, token)
        return Figure(
            title="Gas, against Ocean Protocol",
            ours="this ledger",
            reference="Ocean",
            rows=(*_publishing(world, ocean), *_buying(world, ocean)),
            method=METHOD,
            notes=(ONCE.format(_delivery_key(world)), LAST_ROW),
        )


def _publishing(world: World, ocean: Ocean) -> tuple[Row, ...]:
    _publish(world, 1)
    _publish_ocean(world, ocean, METADATA)
    single, each = _publish(world, 1), _publish(world, BATCH) / BATCH
    _, full = _publish_ocean(world, ocean, METADATA)
    _, no_fee = _publish_ocean(world, ocean, METADATA, fee=False)
    _, short = _publish_ocean(world, ocean, CID, fee=False)
    return (
        Row("publish one dataset with an offer", single, full, "gas", A_THIRD),
        Row(f"publish, each in a batch of {BATCH}", each, full, "gas", A_THIRD),
        Row("publish one, without fee", single, no_fee, "gas"),
        Row("publish one, without fee, Ocean with a CID for metadata", single, short, "gas"),
    )


def _buying(world: World, ocean: Ocean) -> tuple[Row, ...]:
    sold, first_product, product = (_publish_ocean(world, ocean, CID)[0] for _ in range(3))
    no_fee_product, _ = _publish_ocean(world, ocean, CID, fee=False)
    _license(world, world.company, world.offered())
    _buy(world.company, ocean, sold)
    offer = world.offered()
    first, ocean_first = _license(world, world.institute, offer), _buy(world.institute, ocean, first_product)
    later, ocean_later = _license(world, world.institute, world.offered()), _buy(world.institute, ocean, product)
    ocean_no_fee = _buy(world.institute, ocean, no_fee_product)
    again = _license_from_allowance(world, world.institute, offer)
    ocean_again = _used(ocean.buy(_web3(world.institute), first_product, PRICE, PROVIDER))
    buyer = sum(later[act] for act in BUYER)
    everybody = buyer + sum(later[act] for act in HOLDER)
    return (
        Row("a buyer's first licence", sum(first[act] for act in BUYER), ocean_first, "gas", A_HALF),
        Row("its licence of another dataset", buyer, ocean_later, "gas", A_HALF),
        Row("the same dataset again, with standing allowances", again, ocean_again, "gas", A_HALF),
        Row("another dataset, without fee", buyer, ocean_no_fee, "gas"),
        Row("another dataset, and accepting the key early", buyer + later["Licences.accept"], ocean_later, "gas"),
        Row("all transactions of all sides for one licence", everybody, ocean_later, "gas"),
    )


def _publish(world: World, number: int) -> int:
    registered = world.act(world.hospital, datasets.register([world.registration() for _ in range(number)]))
    ids = [event.arguments["dataset"] for event in registered.events if event.name == "DatasetRegistered"]
    publications = [Publication(dataset=DatasetId(dataset), terms=world.terms()) for dataset in ids]
    return registered.gas_used + world.act(world.hospital, offers.publish(publications)).gas_used


def _license(world: World, buyer: Person, offer: OfferId) -> Gas:
    licence = world.apply(buyer, offer)
    world.approve(licence)
    world.act(world.stranger, world.agreement_call(licence, licensee=buyer))
    world.pay(licence, buyer)
    world.deliver(licence)
    world.act(buyer, licences.accept(licence))
    world.act(world.stranger, licences.settle(licence))
    return dict(world.gas)


def _license_from_allowance(world: World, buyer: Person, offer: OfferId) -> int:
    world.act(buyer, tokens.approve(world.token, world.deployment.address("Benefits"), 2**256 - 1))
    licence = world.apply(buyer, offer)
    world.approve(licence)
    world.act(world.stranger, world.agreement_call(licence, licensee=buyer))
    world.act(buyer, licences.pay(licence))
    return world.gas["Licences.applyFor"] + world.gas["Licences.pay"]


def _delivery_key(world: World) -> int:
    return world.act(world.hospital, members.set_delivery_key(point(b"\x01" * 32))).gas_used


def _publish_ocean(world: World, ocean: Ocean, metadata: bytes, *, fee: bool = True) -> tuple[Product, int]:
    holder, platform = _web3(world.hospital), _web3(world.platform) if fee else NOBODY
    product, receipt = ocean.publish(holder, platform, PRICE, DECIMALS)
    return product, _used(receipt) + _used(ocean.set_metadata(holder, product, metadata))


def _buy(buyer: Person, ocean: Ocean, product: Product) -> int:
    approved = ocean.approve(_web3(buyer), product)
    return _used(approved) + _used(ocean.buy(_web3(buyer), product, PRICE, PROVIDER))


def _used(receipt: TxReceipt) -> int:
    return receipt["gasUsed"]


def _web3(person: Person) -> ChecksumAddress:
    return Web3.to_checksum_address(person.address)


if __name__ == "__main__":
    print_figure(measure())
