"""Everything that goes wrong, as RFC 9457 problem documents.

    {"type": "/problems/embargo-in-force", "title": "The dataset is under embargo", "status": 409,
     "detail": "…why…", "fix": "…what to do…", "code": "embargo-in-force",
     "error": {"name": "EmbargoInForce", "arguments": {"dataset": 3, "embargo_until": 1790000000}}}

`PROBLEMS` is the one table: the status of every error class of :mod:`ledger.errors`, of every custom error of the
contracts, and of what HTTP itself can refuse. A test holds it complete against both. What a client sent is never
repeated to it: a secret pasted into the wrong field must not reach a log through an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel, Field

from ledger.chain.errors import known_errors
from ledger.errors import LedgerError, RefusedError

__all__ = [
    "CONTRACT_ERRORS",
    "HTTP_PROBLEMS",
    "LEDGER_ERRORS",
    "MEDIA_TYPE",
    "PROBLEMS",
    "FieldProblem",
    "Problem",
    "ProblemKind",
    "RequestError",
    "of_error",
    "of_http",
    "of_request",
    "of_validation",
    "refused",
]

MEDIA_TYPE: Final = "application/problem+json"

RETRY_AFTER_SECONDS: Final = 5
"""What a client is told to wait when a part behind the API does not answer."""

LEDGER_ERRORS: Final[Mapping[str, int]] = {
    "LedgerError": 500,
    "UsageError": 400,
    "InputError": 422,
    "DocumentError": 422,
    "PathError": 422,
    "ChangedWhileReadingError": 422,
    "IntegrityError": 502,
    "SegmentError": 502,
    "CidMismatchError": 502,
    "KeyMaterialError": 500,
    "StorageError": 503,
    "StoreUnavailableError": 503,
    "NotStoredError": 404,
    "NoSpaceError": 507,
    "ChainError": 502,
    "NodeUnavailableError": 503,
    "WrongNetworkError": 409,
    "FundsError": 409,
    "TransactionError": 409,
    "IndexStateError": 503,
}
"""Status of each error class; a refusal has the status of its contract error."""

CONTRACT_ERRORS: Final[Mapping[int, tuple[str, ...]]] = {
    403: (
        "AccessManagedUnauthorized", "AccessManagerUnauthorizedAccount", "AccessManagerUnauthorizedCall",
        "AccessManagerUnauthorizedCancel", "AccessManagerUnauthorizedConsume", "AccountNotInvited",
        "ERC2612InvalidSigner", "ERC721IncorrectOwner", "ERC721InsufficientApproval", "LicenceSoulbound",
        "LocalNetworksOnly", "MemberLacksKind", "MemberNotActive", "NotHolder", "NotKeyExchange", "NotLicences",
        "NotLicensee", "NotLicensor", "NotMember", "NotPrincipal", "OwnDataset", "SignatureInvalid",
    ),
    404: (
        "AccessManagerNotScheduled", "DatasetUnknown", "ERC721NonexistentToken", "LicenceUnknown", "MemberUnknown",
        "OfferUnknown", "TokenAbsent",
    ),
    409: (
        "AccessManagedRequiredDelay", "AccessManagerAlreadyScheduled", "AccessManagerLockedRole",
        "AccessManagerNotReady", "AccountTaken", "AddressEmptyCode", "AlreadySuperseded", "BenefitsBoundElsewhere",
        "DatasetDuplicate", "DatasetStatusChangeRefused", "DeliveryKeyMissing", "ERC20InsufficientAllowance",
        "ERC20InsufficientBalance", "EmbargoInForce", "EmbargoNotShorter", "EscrowStatusRefused", "FailedCall",
        "InsufficientBalance", "InvalidAccountNonce", "LicenceStateRefused", "LicencesBoundElsewhere",
        "NothingToWithdraw", "PermitRefused", "PriceAboveLimit", "PrincipalNotRemovable",
        "ReentrancyGuardReentrantCall", "RefundNotDue", "RenewalTooEarly", "SafeERC20FailedOperation",
        "StatusChangeRefused", "TermsMismatch", "TokenNotAllowed", "TransferInexact",
    ),
    410: (
        "AccessManagerExpired", "AgreementExpired", "DatasetNotAvailable", "ERC2612ExpiredSignature", "OfferNotOpen",
        "PermitExpired",
    ),
    422: (
        "AccessManagedInvalidAuthority", "AccessManagerBadConfirmation", "AccessManagerInvalidInitialAdmin",
        "AccountZero", "AttributionTooLong", "BatchSizeInvalid", "CodecUnknown", "CountryInvalid",
        "DeliveryKeyInvalid", "DuoCodesInvalid", "DuoParameterInvalid", "DurationInvalid", "ECDSAInvalidSignature",
        "ECDSAInvalidSignatureLength", "ECDSAInvalidSignatureS", "ERC20InvalidApprover", "ERC20InvalidReceiver",
        "ERC20InvalidSender", "ERC20InvalidSpender", "ERC721InvalidApprover", "ERC721InvalidOperator",
        "ERC721InvalidOwner", "ERC721InvalidReceiver", "ERC721InvalidSender", "EphemeralKeyInvalid",
        "InvalidShortString", "KindsInvalid", "NameTooLong", "ParentsInvalid", "PriceWithoutToken", "ProseMissing",
        "PurposeMissing", "RegistrationIncomplete", "SafeCastOverflowedUintDowncast", "SharesInvalid",
        "SignatureTooLong", "StringTooLong", "StringsInsufficientHexLength", "WindowsInvalid",
    ),
}  # fmt: skip
"""Custom errors by status: 403 not this account's to do, 404 no such thing, 409 not in the present state,
410 gone for good, 422 unacceptable values."""

HTTP_PROBLEMS: Final[Mapping[str, tuple[int, str, str]]] = {
    "bad-request": (400, "The request cannot be read", "Send JSON with the content type application/json."),
    "cross-origin": (
        403,
        "The request was made by a page of another site",
        "Call the API from a program, or from a page of its own host; a proxy in front must pass the Host header on.",
    ),
    "not-found": (404, "There is nothing at this address", "See /openapi.json for what there is."),
    "method-not-allowed": (405, "The method is not allowed here", "Use one of those in the Allow header."),
    "idempotency-conflict": (
        409,
        "The idempotency key is in use for another request that is not finished",
        "Wait for that request to finish, then repeat this one.",
    ),
    "idempotency-mismatch": (
        422,
        "The idempotency key was used with another body",
        "Use a new key for a new request, or repeat the first one unchanged.",
    ),
    "too-large": (413, "The body is too large", "Send less; GET /network tells the limits."),
    "unsupported-media-type": (415, "The content type is not accepted", "Send one of those named in `detail`."),
    "range-not-satisfiable": (416, "The range is outside the content", "Ask for bytes within the content's length."),
    "invalid": (
        422,
        "The request is malformed",
        "Correct what `detail` says, and the parts listed in `errors`, if any.",
    ),
    "rate-limited": (429, "Too many requests", "Wait as long as Retry-After says."),
    "internal": (500, "Something went wrong in the API", "Try again; if it stays, tell the operator the time of it."),
    "busy": (503, "Enough requests of this kind are under way", "Wait as long as Retry-After says."),
}
"""What HTTP itself or the API refuses: status, title, what to do."""

_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_LONG_HEX = re.compile(r"(0x)?[0-9a-fA-F]{24,}")
_FIELD_NAME = re.compile(r"[A-Za-z_-]{1,40}")


class FieldProblem(BaseModel):
    """One part of a request that is wrong."""

    place: str = Field(examples=["body"], description="body, query, path or header")
    pointer: str = Field(examples=["/parameters/offer"], description="JSON pointer (RFC 6901) within that place")
    detail: str = Field(examples=["Input should be greater than or equal to 1"])


class ContractError(BaseModel):
    """A contract's custom error, decoded."""

    name: str = Field(examples=["EmbargoInForce"])
    arguments: dict[str, Any] = Field(examples=[{"dataset": 3, "embargo_until": 1790000000}])


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(examples=["/problems/embargo-in-force"], description="Stable; a page describes it")
    title: str = Field(examples=["The dataset is under embargo"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["embargoUntil is 2026-09-21T13:46:40Z"])
    code: str = Field(examples=["embargo-in-force"])
    fix: str = Field(examples=["Apply after the embargo ends, or ask the holder to end it earlier"])
    error: ContractError | None = None
    errors: list[FieldProblem] | None = None


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One row of the table, as its page shows it.

    Attributes:
        code: Last part of its type.
        status: HTTP status.
        title: What it means.
        fix: What to do about it.
        name: The error class, the contract's error, or nothing.
    """

    code: str
    status: int
    title: str
    fix: str
    name: str | None


class RequestError(Exception):
    """The API itself refuses a request, for a reason in `HTTP_PROBLEMS`.

    Args:
        code: Key of `HTTP_PROBLEMS`.
        detail: Why; never what the client sent.
        retry_after: Seconds after which to try again.
    """

    def __init__(self, code: str, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.retry_after = retry_after


def _kinds() -> dict[str, ProblemKind]:
    kinds = [ProblemKind(code, status, title, fix, None) for code, (status, title, fix) in HTTP_PROBLEMS.items()]
    kinds += [_of_class(kind) for kind in _tree(LedgerError) if kind.__name__ in LEDGER_ERRORS]
    words = {known.entry.name: known for known in known_errors().values()}
    for status, names in CONTRACT_ERRORS.items():
        kinds += [
            ProblemKind(kebab(name), status, words[name].what, words[name].fix, name) for name in names if name in words
        ]
    return {kind.code: kind for kind in sorted(kinds, key=lambda kind: kind.code)}


def kebab(name: str) -> str:
    """``ERC20InsufficientBalance`` as ``erc20-insufficient-balance``."""
    return _CAPITAL.sub("-", name).lower()


def _tree(root: type[LedgerError]) -> list[type[LedgerError]]:
    return [root, *(kind for branch in root.__subclasses__() for kind in _tree(branch))]


def _of_class(kind: type[LedgerError]) -> ProblemKind:
    title = (kind.__doc__ or "").partition("\n")[0].rstrip(".")
    code = kebab(kind.__name__.removesuffix("_").removesuffix("Error"))
    return ProblemKind(code, LEDGER_ERRORS[kind.__name__], title, "See `detail` and `fix`.", kind.__name__)


PROBLEMS: Final[Mapping[str, ProblemKind]] = _kinds()
"""Every kind of problem by its code."""

_STATUS_OF_CONTRACT_ERROR: Final = {name: status for status, names in CONTRACT_ERRORS.items() for name in names}


def of_error(error: LedgerError) -> Problem:
    """The problem of an error raised on purpose."""
    if isinstance(error, RefusedError):
        return _of_refusal(error)
    kind = PROBLEMS[_code_of(error)]
    if kind.status >= 500:  # what happened behind the API is for its operator's log
        return _problem(kind.code, kind.status, kind.title, kind.title + ".", "Try again later")
    return _problem(kind.code, kind.status, error.what, error.why, error.fix)


def _code_of(error: LedgerError) -> str:
    name = next(kind.__name__ for kind in type(error).__mro__ if kind.__name__ in LEDGER_ERRORS)
    return kebab(name.removesuffix("_").removesuffix("Error"))


def _of_refusal(error: RefusedError) -> Problem:
    status = _STATUS_OF_CONTRACT_ERROR.get(error.name, 409)
    found = _problem(kebab(error.name), status, error.what, error.why, error.fix)
    return found.model_copy(update={"error": ContractError(name=error.name, arguments=plain(error.arguments))})


def plain(value: Any) -> Any:
    """A contract's values as JSON: bytes in hexadecimal, integers that a double cannot hold as text."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53 - 1:
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def of_request(error: RequestError) -> Problem:
    """The problem of a request that the API itself refuses."""
    status, title, fix = HTTP_PROBLEMS[error.code]
    return _problem(error.code, status, title, error.detail, fix)


def of_http(status: int) -> Problem:
    """The problem of a bare HTTP status."""
    for code, (known, title, fix) in HTTP_PROBLEMS.items():
        if known == status:
            return _problem(code, status, title, title + ".", fix)
    code = "internal" if status >= 500 else "bad-request"
    _, title, fix = HTTP_PROBLEMS[code]
    return _problem(code, status, title, title + ".", fix)


def of_validation(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """The problem of a malformed request, from pydantic's errors without the input they carry."""
    status, title, fix = HTTP_PROBLEMS["invalid"]
    own = [error for error in errors if not _follows(error, errors)]
    parts = [_field(error) for error in own[:20]]
    detail = f"{len(own)} part{'s are' if len(own) != 1 else ' is'} wrong, the first: {parts[0].detail}"
    return _problem("invalid", status, title, detail, fix).model_copy(update={"errors": parts})


def _follows(error: Mapping[str, Any], errors: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a list is too short only because pydantic dropped its malformed items."""
    place = error["loc"]
    inside = any(other["loc"][: len(place)] == place and len(other["loc"]) > len(place) for other in errors)
    return error["type"] == "too_short" and inside


def _field(error: Mapping[str, Any]) -> FieldProblem:
    place, *steps = (str(step) for step in error["loc"])
    if error["type"] == "json_invalid":  # its only step is a position
        return FieldProblem(place=place, pointer="", detail=f"It is not JSON from character {steps[0]} on")
    known = [step if _FIELD_NAME.fullmatch(step) or (step.isdigit() and len(step) < 8) else "…" for step in steps]
    pointer = "".join(f"/{step}" for step in known)
    return FieldProblem(place=place, pointer=pointer, detail=_without_input(error))


def _without_input(error: Mapping[str, Any]) -> str:
    """The message of a pydantic error; validators written by hand may quote their input, so quotations go."""
    message = str(error["msg"]).removeprefix("Value error, ")
    given = error.get("input")
    if error["type"] in ("value_error", "assertion_error"):
        if isinstance(given, str) and len(given) > 2:
            message = message.replace(given, "the value")
        message = _QUOTED.sub("the value", message)
    return _LONG_HEX.sub("…", message)


def _problem(code: str, status: int, title: str, detail: str, fix: str) -> Problem:
    return Problem(type=f"/problems/{code}", title=title, status=status, detail=detail, code=code, fix=fix)


def refused(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problem responses of a route, for its OpenAPI description (see :mod:`api.openapi`)."""
    return {status: {"description": HTTPStatus(status).phrase} for status in sorted({*statuses, 422, 500})}
