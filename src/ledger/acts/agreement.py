"""One side's signature under an agreement, as the small file that travels between the parties."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ledger.model.canonical import canonical_json, malformed, parse_json
from ledger.model.ids import AddressField, DigestField, LicenceId, UnixTimeField

__all__ = ["MAX_SIGNATURE_FILE", "AgreementSignature", "Party"]

MAX_SIGNATURE_FILE: Final = 65_536

Party = Literal["licensor", "licensee"]


class AgreementSignature(BaseModel):
    """A signature with all that tells for what it was given.

    Attributes:
        chain_id: EIP-155 chain id.
        contract: The Licences contract, EIP-712's verifying contract.
        licence: The application that the agreement concludes.
        deadline: Unix time after which the signature concludes nothing, in seconds.
        party: On whose side.
        signer: Account that signed, or a contract that accepts by ERC-1271.
        digest: EIP-712 digest that was signed.
        signature: 65 bytes r ‖ s ‖ v for a plain account, in 0x-hexadecimal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["ledger/agreement-signature"] = "ledger/agreement-signature"
    version: Literal[1] = 1
    chain_id: Annotated[int, Field(ge=1)]
    contract: AddressField
    licence: Annotated[LicenceId, Field(ge=1)]
    deadline: UnixTimeField
    party: Party
    signer: AddressField
    digest: DigestField
    signature: Annotated[str, Field(pattern="^0x([0-9a-f]{2}){1,8192}$")]

    @property
    def signature_bytes(self) -> bytes:
        """The signature itself."""
        return bytes.fromhex(self.signature.removeprefix("0x"))

    def document(self) -> bytes:
        """The file's bytes."""
        return canonical_json(self.model_dump(mode="json")) + b"\n"

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the file's bytes.

        Raises:
            DocumentError: They are no signature file.
        """
        value = parse_json(data, limit=MAX_SIGNATURE_FILE)
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            why = first["msg"].removeprefix("Value error, ")
            raise malformed(first["loc"], why, document="The signature file") from None
