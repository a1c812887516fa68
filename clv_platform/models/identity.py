"""What a model is called: its id names what was fitted, and from what.

Here: `name_model` and the text form of stored JSON, for every kind of model. Keep the manifest's other facts out (`artifact`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any


def to_text(content: Any) -> str:
    """JSON as it is stored."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def name_model(cutoff: date | None, origin: Sequence[Any], fitted: Mapping[str, str]) -> str:
    """Return `<cutoff>-<8 hex digits>`, `undated-...` without dates.

    Parameters
    ----------
    cutoff : date or None
    origin : sequence of plain values
        Hashes of config and data, target, seed: two companies never share an id, also when they would learn the same.
    fitted : mapping of file name to text
        Everything that the model consists of. So an id changes with whatever changes the model, be it parameters, a search that had more
        time, another version of a library or of this platform; and what is stored under an id (scores, published rows) is that model's.
    """
    digest = hashlib.sha256(json.dumps(list(origin), sort_keys=True).encode())
    for name, text in sorted(fitted.items()):
        digest.update(f"\n{name}\n{text}".encode())
    return f"{cutoff.isoformat() if cutoff else 'undated'}-{digest.hexdigest()[:8]}"
