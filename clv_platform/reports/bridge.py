"""From all accounts on file to those that a page is about: a sentence, so that the counts of two pages don't seem to contradict.

Here: `count_accounts` and the sentences. Add the reason of a new kind of target to `_WHY`. Keep what a page says of its own accounts out.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from clv_platform.config import CompanyConfig, Target
from clv_platform.reports.words import are, event_words, whole

_RULES = "rules of the config leave them out"
_WHY = {
    "upgrade": "have the highest plan or none",
    "churn": "have no subscription that could end",
    "silent": "had fallen silent before",
    "value": "have no subscription running and no purchase that counts without one",
}


def count_accounts(marts: Path, cutoff: date | None) -> int | None:
    """Count the accounts on file that had signed up, or done something, before the cutoff; None without the mart.

    Parameters
    ----------
    marts : Path
        Folder of the marts' Parquet files, with `dim_accounts`.
    cutoff : date or None
        None: undated data, all accounts.
    """
    path = marts / "dim_accounts.parquet"
    if not path.is_file():
        return None
    known = pd.read_parquet(path, columns=["signed_up_at", "first_event_at"]).apply(pd.to_datetime)
    return len(known) if cutoff is None else int((~(known.min(axis=1) >= pd.Timestamp(cutoff))).sum())


def bridge_to_asked(n_on_file: int | None, n: int | None, target: Target) -> str:
    """Say how many accounts on file a target isn't asked of, and why; empty where it is asked of all, or their number isn't known."""
    if target.label_column:
        return _others(n_on_file, n, f"they {event_words(target.kind).did} already, or {_RULES}")
    why = _WHY["silent" if target.churn_means == "silent" and target.kind == "churn" else target.kind]
    return _others(n_on_file, n, f"they {why}, or {_RULES}")


def bridge_to_described(n_on_file: int | None, n: int | None, config: CompanyConfig) -> str:
    """Say how many accounts on file aren't among those that some question of the config is asked of; empty where all are."""
    asked = "no question of the config can be asked of them" if config.targets else "they had done nothing by then"
    return _others(n_on_file, n, f"{asked}, or {_RULES}")


def bridge_to_history(n_on_file: int | None, n: int | None, target: Target) -> str:
    """Say how many accounts on file are in no history of departures; empty where all are."""
    if target.label_column:
        return ""
    did = "did nothing that counts" if target.churn_means == "silent" else "had no subscription that counts"
    return _others(n_on_file, n, f"they {did} in that time")


def _others(n_on_file: int | None, n: int | None, why: str) -> str:
    """One sentence; where only one account is left out, it keeps to the plural of "the others", which is true of one, too."""
    if n_on_file is None or n is None or not 0 < n < n_on_file:
        return ""
    n_left = n_on_file - n
    return f"Of {whole(n_on_file)} accounts on file, {whole(n_left)} {are(n_left)} not among these: {why}."
