"""Ocean Protocol's own compiled contracts (npm ``@oceanprotocol/contracts``), deployed and used as their clients do.

The nearest system with data, licence and payment on a chain. Only its published bytecode is used, unchanged: the
factory makes an NFT for the data, a datatoken (template 2, which buys and orders in one call) and a fixed-rate exchange
that sells the datatoken for an ERC-20.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from eth_account import Account
from eth_account.messages import encode_defunct
from eth_typing import ChecksumAddress
from web3 import Web3
from web3.contract import Contract
from web3.types import TxReceipt

__all__ = ["NOBODY", "Ocean", "Product", "send"]

ARTIFACTS = Path(__file__).parents[1] / "node_modules/@oceanprotocol/contracts/artifacts/contracts"
NOBODY: ChecksumAddress = Web3.to_checksum_address("0x" + "00" * 20)
POOL_TEMPLATE: ChecksumAddress = Web3.to_checksum_address("0x" + "00" * 18 + "dead")
"""Pools are not used; the router only wants the address not to be zero, and its own tests give this one."""

NFT_TEMPLATE = 1
ENTERPRISE_TEMPLATE = 2
ONE = 10**18
PLATFORM_SHARE = 5 * ONE // 100
UNLIMITED = 2**256 - 1
ACTIVE, REVOKED = 0, 3
"""Metadata states, from the documentation of the NFT template."""


class Product(NamedTuple):
    """What one publication makes: the data's NFT, the datatoken that gives access, and the exchange that sells it."""

    nft: ChecksumAddress
    datatoken: ChecksumAddress
    exchange_id: bytes


@dataclass(frozen=True)
class Ocean:
    """Ocean's contracts on one node.

    Attributes:
        w3: The node; every account used is one that it signs for.
        token: The ERC-20 that prices are in.
        factory: Makes NFTs and datatokens.
        exchange: Sells datatokens at a fixed rate.
    """

    w3: Web3
    token: ChecksumAddress
    factory: Contract
    exchange: Contract

    @classmethod
    def deploy(cls, w3: Web3, owner: ChecksumAddress, token: ChecksumAddress) -> Ocean:
        """Deploy and wire everything, as their deployment script does, with `token` in the place of OCEAN."""
        collector = _deploy(w3, owner, "communityFee/OPFCommunityFeeCollector", owner, owner)
        router = _deploy(w3, owner, "pools/FactoryRouter", owner, token, POOL_TEMPLATE, collector.address, [])
        exchange = _deploy(w3, owner, "pools/fixedRate/FixedRateExchange", router.address)
        nft = _deploy(w3, owner, "templates/ERC721Template")
        plain = _deploy(w3, owner, "templates/ERC20Template")
        enterprise = _deploy(w3, owner, "templates/ERC20TemplateEnterprise")
        factory = _deploy(w3, owner, "ERC721Factory", nft.address, plain.address, router.address)
        for function in (
            router.functions.addFactory(factory.address),
            router.functions.addFixedRateContract(exchange.address),
            factory.functions.addTokenTemplate(enterprise.address),
        ):
            send(w3, function, owner)
        return cls(w3, token, factory, exchange)

    def publish(
        self, holder: ChecksumAddress, platform: ChecksumAddress, price: int, decimals: int
    ) -> tuple[Product, TxReceipt]:
        """Publish data with a price, in one transaction.

        Args:
            holder: Publishes, and receives the money.
            platform: Receives the marketplace's part of each sale; the zero address for none.
            price: In token units.
            decimals: The token's.
        """
        nft = ("City Hospital, Cohort of 1986", "COHORT", NFT_TEMPLATE, "ipfs://cohort", True, holder)
        datatoken: tuple[Any, ...] = (
            ENTERPRISE_TEMPLATE,
            ["Access to Cohort of 1986", "ACCESS"],
            [holder, NOBODY, NOBODY, NOBODY],
            [ONE * 1000, 0],
            [],
        )
        rate = price * ONE // 10**decimals
        market_fee = 0 if platform == NOBODY else PLATFORM_SHARE
        fixed_rate = (
            self.exchange.address,
            [self.token, holder, platform, NOBODY],
            [decimals, 18, rate, market_fee, 1],
        )
        receipt = send(
            self.w3, self.factory.functions.createNftWithErc20WithFixedRate(nft, datatoken, fixed_rate), holder
        )
        return self._product(receipt), receipt

    def set_metadata(self, holder: ChecksumAddress, product: Product, metadata: bytes) -> TxReceipt:
        """Put the metadata document on the chain, without which nobody finds the data."""
        proofs: list[Any] = []
        function = _at(self.w3, "templates/ERC721Template", product.nft).functions.setMetaData(
            ACTIVE, "", holder, b"", metadata, Web3.keccak(metadata), proofs
        )
        return send(self.w3, function, holder)

    def revoke(self, holder: ChecksumAddress, product: Product) -> TxReceipt:
        """Mark the data as revoked."""
        nft = _at(self.w3, "templates/ERC721Template", product.nft)
        return send(self.w3, nft.functions.setMetaDataState(REVOKED), holder)

    def approve(self, buyer: ChecksumAddress, product: Product, amount: int = UNLIMITED) -> TxReceipt:
        """Let the datatoken take the buyer's money. Each datatoken needs its own allowance."""
        token = _at(self.w3, "utils/mock/MockERC20", self.token)
        return send(self.w3, token.functions.approve(product.datatoken, amount), buyer)

    def buy(self, buyer: ChecksumAddress, product: Product, price: int, provider_secret: bytes) -> TxReceipt:
        """Buy a datatoken and spend it on an order, in one transaction."""
        order = (buyer, 1, self._provider_fee(provider_secret), (NOBODY, NOBODY, 0))
        swap = (self.exchange.address, product.exchange_id, price * 2, 0, NOBODY)
        return send(self.w3, self._datatoken(product).functions.buyFromFreAndOrder(order, swap), buyer)

    def reuse(self, buyer: ChecksumAddress, product: Product, order: bytes, provider_secret: bytes) -> TxReceipt:
        """Use an order again, named by the transaction that made it."""
        function = self._datatoken(product).functions.reuseOrder(order, self._provider_fee(provider_secret))
        return send(self.w3, function, buyer)

    def _provider_fee(self, provider_secret: bytes) -> tuple[Any, ...]:
        """What the service that hands out the data signs: no fee, so that none of it is counted."""
        provider = Account.from_key(provider_secret)
        digest = Web3.solidity_keccak(
            ["bytes", "address", "address", "uint256", "uint256"], [b"", provider.address, NOBODY, 0, 0]
        )
        signed = provider.sign_message(encode_defunct(primitive=bytes(digest)))
        r, s = signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")
        return (provider.address, NOBODY, 0, signed.v, r, s, 0, b"")

    def _datatoken(self, product: Product) -> Contract:
        return _at(self.w3, "templates/ERC20TemplateEnterprise", product.datatoken)

    def _product(self, receipt: TxReceipt) -> Product:
        nft = self._event(self.factory.events.NFTCreated(), receipt)["newTokenAddress"]
        datatoken = self._event(self.factory.events.TokenCreated(), receipt)["newTokenAddress"]
        exchange_id = self._event(self.exchange.events.ExchangeCreated(), receipt)["exchangeId"]
        return Product(nft, datatoken, exchange_id)

    @staticmethod
    def _event(event: Any, receipt: TxReceipt) -> Any:
        (found,) = [log for log in receipt["logs"] if log["topics"][0] == Web3.to_bytes(hexstr=event.topic)]
        return event.process_log(found)["args"]


def send(w3: Web3, function: Any, sender: ChecksumAddress) -> TxReceipt:
    """Send a call from an account of the node and wait until it is mined.

    Raises:
        ValueError: It was mined and failed.
    """
    receipt = w3.eth.wait_for_transaction_receipt(function.transact({"from": sender}), poll_latency=0.01)
    if receipt["status"] != 1:
        raise ValueError(f"{function} failed")
    return receipt


def _artifact(path: str) -> Any:
    name = path.rsplit("/", 1)[-1]
    return json.loads((ARTIFACTS / f"{path}.sol" / f"{name}.json").read_bytes())


def _deploy(w3: Web3, owner: ChecksumAddress, path: str, *arguments: Any) -> Contract:
    artifact = _artifact(path)
    factory = w3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
    receipt = send(w3, factory.constructor(*arguments), owner)
    return _at(w3, path, receipt["contractAddress"])


def _at(w3: Web3, path: str, address: ChecksumAddress | None) -> Contract:
    if address is None:
        raise ValueError(f"{path} was not deployed")
    return w3.eth.contract(address=address, abi=_artifact(path)["abi"])
