"""Gas of publishing and of buying, beside Ocean Protocol's compiled contracts on the same node.

    python -m benchmarks.gas

Gas does not depend on the machine or on chance: each transaction is sent once and its receipt read.
"""

from __future__ import annotations

from dataclasses import dataclass

from eth_typing import ChecksumAddress
from web3 import Web3
from web3.types import TxReceipt

from benchmarks.figure import Aim, Figure, Row
from benchmarks.local_ledger import PRICE, Account, LocalLedger, local_ledger
from benchmarks.ocean import NOBODY, Ocean, Product
from benchmarks.report import print_figure
from ledger.chain import licences
from ledger.chain.transactions import Outcome
from ledger.model.ids import LicenceId, OfferId

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
LAST_ROW = (
    "The last row counts what has no counterpart in Ocean: approval of the application, the agreement signed by both "
    "sides, the delivered key, the licence as a token, and the split of the price. Ocean keeps no licence on the "
    "chain: an order is an event and a burned token."
)


@dataclass(frozen=True)
class _Licensing:
    """Gas of one licence's acts, by who sends them."""

    apply: int
    approve: int
    agree: int
    pay: int
    deliver: int
    accept: int
    settle: int

    @property
    def buyer(self) -> int:
        """What the buyer must send."""
        return self.apply + self.pay

    @property
    def holder(self) -> int:
        """What the holder sends; anyone may send the agreement and the settlement in its place."""
        return self.approve + self.agree + self.deliver + self.settle


def measure() -> Figure:
    """Measure everything on one fresh node."""
    with local_ledger() as ledger:
        ocean = _deploy_ocean(ledger)
        return Figure(
            title="Gas, against Ocean Protocol",
            ours="this ledger",
            reference="Ocean",
            rows=(*_publishing(ledger, ocean), *_buying(ledger, ocean)),
            method=METHOD,
            notes=_notes(ledger),
        )


def _publishing(ledger: LocalLedger, ocean: Ocean) -> tuple[Row, ...]:
    _publish(ledger, 1)
    _publish_ocean(ledger, ocean, METADATA)
    single, each = _publish(ledger, 1), _publish(ledger, BATCH) / BATCH
    _, full = _publish_ocean(ledger, ocean, METADATA)
    _, no_fee = _publish_ocean(ledger, ocean, METADATA, fee=False)
    _, short = _publish_ocean(ledger, ocean, CID, fee=False)
    return (
        Row("publish one dataset with an offer", single, full, "gas", A_THIRD),
        Row(f"publish, each in a batch of {BATCH}", each, full, "gas", A_THIRD),
        Row("publish one, without fee", single, no_fee, "gas"),
        Row("publish one, without fee, Ocean with a CID for metadata", single, short, "gas"),
    )


def _buying(ledger: LocalLedger, ocean: Ocean) -> tuple[Row, ...]:
    sold, first_product, product = (_publish_ocean(ledger, ocean, CID)[0] for _ in range(3))
    no_fee_product, _ = _publish_ocean(ledger, ocean, CID, fee=False)
    _license(ledger, ledger.other_buyer, _offer(ledger))
    _buy(ledger.other_buyer, ocean, sold)
    offer = _offer(ledger)
    first, ocean_first = _license(ledger, ledger.buyer, offer), _buy(ledger.buyer, ocean, first_product)
    later, ocean_later = _license(ledger, ledger.buyer, _offer(ledger)), _buy(ledger.buyer, ocean, product)
    ocean_no_fee = _buy(ledger.buyer, ocean, no_fee_product)
    ledger.approve_benefits(ledger.buyer)
    again = _license(ledger, ledger.buyer, offer, with_permit=False)
    ocean_again = _gas(ocean.buy(_web3(ledger.buyer), first_product, PRICE, PROVIDER))
    return (
        Row("a buyer's first licence", first.buyer, ocean_first, "gas", A_HALF),
        Row("its licence of another dataset", later.buyer, ocean_later, "gas", A_HALF),
        Row("the same dataset again, with standing allowances", again.buyer, ocean_again, "gas", A_HALF),
        Row("another dataset, without fee", later.buyer, ocean_no_fee, "gas"),
        Row("another dataset, and accepting the key early", later.buyer + later.accept, ocean_later, "gas"),
        Row("all transactions of all sides for one licence", later.buyer + later.holder, ocean_later, "gas"),
    )


def _notes(ledger: LocalLedger) -> tuple[str, ...]:
    once = ledger.set_delivery_key(ledger.fund).gas_used
    return (
        f"A member registers a delivery key once, before its first licence: {once:,} gas, not in the rows above.",
        LAST_ROW,
    )


def _publish(ledger: LocalLedger, number: int) -> int:
    datasets, registered = ledger.register(number)
    _, published = ledger.publish(datasets)
    return registered.gas_used + published.gas_used


def _offer(ledger: LocalLedger) -> OfferId:
    datasets, _ = ledger.register()
    (offer,), _ = ledger.publish(datasets)
    return offer


def _license(ledger: LocalLedger, buyer: Account, offer: OfferId, *, with_permit: bool = True) -> _Licensing:
    licence, applied = ledger.apply(buyer, offer)
    approved = ledger.approve(licence)
    agreed = ledger.agree(buyer, licence)
    paid = ledger.pay_with_permit(buyer, licence) if with_permit else buyer.sender.send(licences.pay(licence))
    delivered = ledger.deliver(licence)
    accepted, settled = _finish(ledger, buyer, licence)
    outcomes = (applied, approved, agreed, paid, delivered, accepted, settled)
    return _Licensing(*(outcome.gas_used for outcome in outcomes))


def _finish(ledger: LocalLedger, buyer: Account, licence: LicenceId) -> tuple[Outcome, Outcome]:
    accepted = buyer.sender.send(licences.accept(licence))
    return accepted, ledger.holder.sender.send(licences.settle(licence))


def _deploy_ocean(ledger: LocalLedger) -> Ocean:
    return Ocean.deploy(ledger.chain.w3, _web3(ledger.operator), Web3.to_checksum_address(ledger.token))


def _publish_ocean(ledger: LocalLedger, ocean: Ocean, metadata: bytes, *, fee: bool = True) -> tuple[Product, int]:
    platform = _web3(ledger.platform) if fee else NOBODY
    product, receipt = ocean.publish(_web3(ledger.holder), platform, PRICE, DECIMALS)
    return product, _gas(receipt) + _gas(ocean.set_metadata(_web3(ledger.holder), product, metadata))


def _buy(buyer: Account, ocean: Ocean, product: Product) -> int:
    approved = ocean.approve(_web3(buyer), product)
    return _gas(approved) + _gas(ocean.buy(_web3(buyer), product, PRICE, PROVIDER))


def _gas(receipt: TxReceipt) -> int:
    return receipt["gasUsed"]


def _web3(account: Account) -> ChecksumAddress:
    return Web3.to_checksum_address(account.address)


if __name__ == "__main__":
    print_figure(measure())
