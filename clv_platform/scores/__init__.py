"""Champion and newest snapshot to a ranked list, and the history of such lists.

Here: the table of scores and where it is kept. Keep reasons' wording out (`explain`), and what to do about a score (`decisions`).
"""

from clv_platform.scores.history import history_path, read_scores, write_scores
from clv_platform.scores.scoring import SCORE_SCHEMA, empty_scores, score_examples

__all__ = ["SCORE_SCHEMA", "empty_scores", "history_path", "read_scores", "score_examples", "write_scores"]
