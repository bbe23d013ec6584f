"""Write the API's OpenAPI description to docs/openapi.json, from the routes themselves.

python scripts/openapi.py            # writes it
python scripts/openapi.py --check    # fails if it is out of date
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from api.app import describe

TARGET = Path(__file__).resolve().parent.parent / "docs" / "openapi.json"


def main() -> None:
    """Read the command line, and write or compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check: bool = parser.parse_args().check
    fresh = json.dumps(describe(), indent=1, ensure_ascii=False) + "\n"
    if not check:
        TARGET.write_text(fresh, "utf-8")
    elif not TARGET.is_file() or TARGET.read_text("utf-8") != fresh:
        sys.exit("docs/openapi.json is out of date: run python scripts/openapi.py")


if __name__ == "__main__":
    main()
