from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from ledger.model.dataset import MAX_ATTRIBUTION, Attribution
from ledger.model.parties import MAX_NAME, MemberName


@pytest.mark.parametrize(("kind", "most"), [(Attribution, MAX_ATTRIBUTION), (MemberName, MAX_NAME)])
def test_texts_are_counted_in_bytes_as_the_contracts_count_them(kind: Any, most: int) -> None:
    texts: TypeAdapter[str] = TypeAdapter(kind)
    assert texts.validate_python("é" * (most // 2)) == "é" * (most // 2)
    assert texts.validate_python("a" * most) == "a" * most

    with pytest.raises(ValidationError, match=f"{most + 1} bytes in UTF-8, at most {most}"):
        texts.validate_python("é" * (most // 2) + "a")
    with pytest.raises(ValidationError):
        texts.validate_python("a" * (most + 1))
