"""A first config for a folder of files: the answer of `clv init`.

Here: `looking` (what columns hold), `guessing` (which file is which raw table, which column is which), `plans`, `slices` and `targets`
(blocks of the config), `writing` (the YAML text).
Add another name for a column to `vocabulary`.
Keep out: decisions that only people can take; they are left to them, marked `check:`.
"""

from clv_platform.raw.drafting.writing import draft_config

__all__ = ["draft_config"]
