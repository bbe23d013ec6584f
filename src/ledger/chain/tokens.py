"""Settlement tokens (ERC-20 with ERC-2612 permits): calls to sign, and reads."""

from __future__ import annotations

from typing import Any, NamedTuple

from ledger.chain.calls import Call
from ledger.chain.chain import Chain
from ledger.chain.node import RpcError
from ledger.chain.typed_data import TypedMessage, permit_message
from ledger.errors import InputError, IntegrityError, RefusedError, WrongNetworkError
from ledger.model.ids import Address, UnixTime

__all__ = ["TokenInfo", "allowance", "approve", "balance_of", "info", "mint", "nonce", "permit", "transfer"]

CONTRACT = "SettlementToken"
DEFAULT_VERSION = "1"
"""Version in the EIP-712 domain of tokens that do not tell theirs: OpenZeppelin's."""


class TokenInfo(NamedTuple):
    """What a token says of itself.

    Attributes:
        name: Its name, also in its EIP-712 domain.
        symbol: Its symbol.
        decimals: Decimal places in which people write its units.
        version: Version in its EIP-712 domain.
    """

    name: str
    symbol: str
    decimals: int
    version: str


def approve(token: Address, spender: Address, amount: int) -> Call:
    """Let an account or contract take up to an amount. Signer: the owner of the tokens."""
    return _call(token, "approve", (spender, amount), f"Let {spender} take up to {amount} units of token {token}.")


def transfer(token: Address, receiver: Address, amount: int) -> Call:
    """Send tokens. Signer: their owner."""
    return _call(token, "transfer", (receiver, amount), f"Send {amount} units of token {token} to {receiver}.")


def mint(token: Address, receiver: Address, amount: int) -> Call:
    """Create tokens, on local networks. Signer: the minting role."""
    return _call(token, "mint", (receiver, amount), f"Create {amount} units of token {token} for {receiver}.")


def balance_of(chain: Chain, token: Address, account: Address) -> int:
    """Tokens of an account, in token units.

    Raises:
        InputError: There is no token at the address.
    """
    return int(_read(chain, token, "balanceOf", account))


def allowance(chain: Chain, token: Address, owner: Address, spender: Address) -> int:
    """How much `spender` may take from `owner`, in token units.

    Raises:
        InputError: There is no token at the address.
    """
    return int(_read(chain, token, "allowance", owner, spender))


def nonce(chain: Chain, token: Address, owner: Address) -> int:
    """The owner's present permit nonce (ERC-2612).

    Raises:
        InputError: There is no token at the address, or it knows no permits.
    """
    return int(_read(chain, token, "nonces", owner))


def info(chain: Chain, token: Address) -> TokenInfo:
    """Name, symbol, decimals and the version in its permits' domain.

    Raises:
        InputError: There is no token at the address.
    """
    return TokenInfo(
        name=str(_read(chain, token, "name")),
        symbol=str(_read(chain, token, "symbol")),
        decimals=int(_read(chain, token, "decimals")),
        version=_version(chain, token),
    )


def permit(
    chain: Chain, token: Address, owner: Address, spender: Address, *, value: int, deadline: UnixTime
) -> TypedMessage:
    """The permit to be signed now by `owner`, so that `spender` can take `value` token units.

    Args:
        chain: The ledger.
        token: The token.
        owner: The account that pays.
        spender: Whoever takes: ``Benefits``, where a licence is paid.
        value: Token units; the exact price.
        deadline: Unix time after which the permit is void, in seconds.

    Raises:
        InputError: There is no token at the address, or it knows no permits.
    """
    name, version = str(_read(chain, token, "name")), _version(chain, token)
    return permit_message(
        chain.chain_id, token, name, version, owner, spender, value, nonce(chain, token, owner), deadline
    )


def _version(chain: Chain, token: Address) -> str:
    try:
        return str(chain.call(CONTRACT, "eip712Domain", address=token)[2])  # ERC-5267
    except (IntegrityError, RefusedError, RpcError):
        return DEFAULT_VERSION


def _read(chain: Chain, token: Address, function: str, *arguments: Any) -> Any:
    try:
        return chain.call(CONTRACT, function, *arguments, address=token)
    except (IntegrityError, RefusedError, RpcError, WrongNetworkError) as error:
        raise InputError(
            "The token cannot be used",
            why=f"the contract at {token} does not answer {function} as a token does",
            fix="name a settlement token that the ledger allows",
        ) from error


def _call(token: Address, function: str, arguments: tuple[Any, ...], summary: str) -> Call:
    return Call(CONTRACT, function, arguments, summary, address=token)
