"""The auditor finds what a score leaves out, and invents nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clv_platform.contracts.features import Feature
from clv_platform.metrics import log_loss
from clv_platform.models.auditor import audit_scores

N = 6000


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(0)
    seen, hidden = random.normal(size=N), random.normal(size=N)
    y = (random.random(N) < 1 / (1 + np.exp(2 - seen - hidden))).astype(float)
    X = pd.DataFrame({"seen": seen, "hidden": hidden, "noise": random.normal(size=N)})
    return X, tuple(_feature(name) for name in X.columns), y, seen, hidden


def _feature(name: str) -> Feature:
    return Feature(name, "number", "feat_accounts__usage", "usage", name, name, "", "", "usage")


def test_what_the_score_leaves_out_is_found(rows):
    X, features, y, seen, _ = rows
    score = 1 / (1 + np.exp(1.7 - 0.85 * seen))
    audited = audit_scores(X, features, y, score, np.arange(N), seed=0)
    assert audited is not None
    assert log_loss(y, audited) < log_loss(y, score) - 0.03


def test_a_score_that_knows_everything_is_left_about_as_it_is(rows):
    X, features, y, seen, hidden = rows
    score = 1 / (1 + np.exp(2 - seen - hidden))
    audited = audit_scores(X, features, y, score, np.arange(N), seed=0)
    assert audited is not None
    assert abs(log_loss(y, audited) - log_loss(y, score)) < 0.004


def test_no_row_is_judged_by_trees_that_saw_its_account(rows):
    X, features, _, _, _ = rows
    random = np.random.default_rng(1)
    account = np.repeat(np.arange(N // 3), 3)
    y = (random.random(N // 3) < 0.3).astype(float)[account]
    X = X.assign(hidden=account.astype(float))  # names the account: trees that saw one row of it know the others' label
    audited = audit_scores(X, features, y, np.full(N, 0.3), account, seed=0)
    assert audited is not None
    assert log_loss(y, audited) > log_loss(y, np.full(N, 0.3)) - 0.002


def test_too_few_rows_or_positives_say_nothing(rows):
    X, features, y, _, _ = rows
    assert audit_scores(X.head(100), features, y[:100], np.full(100, 0.1), np.arange(100), seed=0) is None
    assert audit_scores(X, features, np.zeros(N), np.full(N, 0.1), np.arange(N), seed=0) is None
