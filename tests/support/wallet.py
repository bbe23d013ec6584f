"""A wallet before the API, as a person has it: it signs what it is given, and the API never sees its key."""

from __future__ import annotations

import time
from typing import Any

from eth_account import Account
from eth_account.hdaccount import key_from_seed, seed_from_mnemonic
from starlette.testclient import TestClient

from ledger.chain.anvil import DEV_MNEMONIC
from tests.support.world import Person

MINED_WITHIN = 20.0


class Wallet:
    """The wallet of one account.

    Args:
        client: The API.
        account: An account of eth_account.
    """

    def __init__(self, client: TestClient, account: Any) -> None:
        self.client = client
        self.account = account
        self.address: str = account.address

    @classmethod
    def of(cls, client: TestClient, person: Person) -> Wallet:
        """The wallet of one of the world's people."""
        seed = seed_from_mnemonic(DEV_MNEMONIC, "")
        accounts = (Account.from_key(key_from_seed(seed, f"m/44'/60'/0'/0/{number}")) for number in range(10))
        return cls(client, next(account for account in accounts if account.address == person.address))

    def ask(self, action: str, **parameters: Any) -> Any:
        """The API's answer to a request to prepare an action."""
        return self.client.post(
            f"/transactions/prepare/{action}", json={"from": self.address, "parameters": parameters}
        )

    def prepared(self, action: str, **parameters: Any) -> dict[str, Any]:
        """What the API prepared."""
        answer = self.ask(action, **parameters)
        assert answer.status_code == 200, answer.text
        prepared: dict[str, Any] = answer.json()
        return prepared

    def raw(self, transaction: dict[str, Any], **changes: Any) -> str:
        """A transaction in a wallet's JSON, signed."""
        signed = self.account.sign_transaction({**transaction, **changes})
        return "0x" + bytes(signed.raw_transaction).hex()

    def signature(self, action: str, **parameters: Any) -> str:
        """The signature of a message that the API prepared."""
        prepared = self.prepared(action, **parameters)
        signed = self.account.sign_typed_data(full_message=prepared["message"])
        assert "0x" + bytes(signed.message_hash).hex() == prepared["digest"]
        return "0x" + bytes(signed.signature).hex()

    def send(self, raw: str, **headers: str) -> Any:
        """The API's answer to a signed transaction."""
        return self.client.post("/transactions", json={"raw": raw}, headers=headers)

    def do(self, action: str, **parameters: Any) -> dict[str, Any]:
        """Prepare, sign, send, and look up until it is mined."""
        answer = self.send(self.raw(self.prepared(action, **parameters)["transaction"]))
        assert answer.status_code == 202, answer.text
        mined = self.outcome(answer.headers["location"])
        assert mined["status"] == "mined", mined
        return mined

    def outcome(self, location: str) -> dict[str, Any]:
        """What became of a transaction, once it is mined."""
        end = time.monotonic() + MINED_WITHIN
        while True:
            found: dict[str, Any] = self.client.get(location).json()
            if found["status"] != "pending":
                return found
            assert time.monotonic() < end, found
            time.sleep(0.05)


def event(transaction: dict[str, Any], name: str) -> dict[str, Any]:
    """Arguments of the one event of this name that a transaction caused."""
    (found,) = [said["arguments"] for said in transaction["events"] if said["name"] == name]
    arguments: dict[str, Any] = found
    return arguments
