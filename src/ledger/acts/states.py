"""Which states of a licence an act is for, said before anything is done."""

from __future__ import annotations

from ledger.errors import RefusedError
from ledger.model.licence import Licence, LicenceState

__all__ = ["require_state"]


def require_state(licence: Licence, *accepted: LicenceState, doing: str, fix: str) -> None:
    """Refuse an act that the licence's state does not allow, in the name of the contract's own error.

    Args:
        licence: As the ledger has it now.
        accepted: States in which the act is possible.
        doing: What the licence cannot be, e.g. ``"paid"``.
        fix: What the reader can do about it.

    Raises:
        RefusedError: It is in none of these states.
    """
    if licence.state in accepted:
        return
    wanted = " or ".join(state.name.lower() for state in accepted)
    raise RefusedError(
        f"Licence {licence.id} cannot be {doing} now",
        why=f"it is {licence.state.name.lower()}, and that is for one that is {wanted}",
        fix=fix,
        name="LicenceStateRefused",
        arguments={"licence": licence.id, "state": licence.state.name.lower()},
    )
