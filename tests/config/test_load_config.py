"""Reading a company config: what is filled in, and what each mistake says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clv_platform.config import ConfigError, config_hash, load_config
from clv_platform.config.load import KNOWN_KEYS
from clv_platform.settings import PROJECT_ROOT, Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"CLV_DATA_DIR": str(tmp_path / "state"), "CLV_SAMPLE_DATA": str(tmp_path / "samples")})


def write(folder: Path, text: str) -> Path:
    path = folder / "x.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_relative_files_start_at_the_config_and_variables_are_filled_in(tmp_path, settings):
    text = 'name: x\ntitle: X\nsources: {accounts: {files: [a.csv, "${CLV_SAMPLE_DATA}/b.csv", "${OTHER}/c.csv"]}}\n'
    config = load_config(write(tmp_path, text), settings)
    assert config.sources["accounts"].files == (f"{tmp_path}/a.csv", f"{tmp_path}/samples/b.csv", f"{tmp_path}/${{OTHER}}/c.csv")


@pytest.mark.parametrize("path", sorted((PROJECT_ROOT / "config").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_config_of_the_project_is_valid_and_named_after_its_file(path, settings):
    assert load_config(path, settings).name == path.stem


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\ntitle: X\nsources: {}\ncurency: EUR\n", "unknown key `curency`. Did you mean `currency`?"),
        (
            "name: x\ntitle: X\nsources: {}\ntraining: {tuning: {trails: 3}}\n",
            "unknown key `training.tuning.trails`. Did you mean `trials`?",
        ),
        ("name: x\ntitle: X\nsources: {}\nslice_search: {n_draw: 99}\n", "unknown key `slice_search.n_draw`. Did you mean `n_draws`?"),
        (
            "name: x\ntitle: X\nsources: {usage: {files: u.csv}}\nusage_metrics: {users: {label: u, unit: u}}\n"
            "interactions: [{numerator: usrs, denominator: users}]\n",
            "key `(whole file)`: interactions: 'usrs' is none of usage_metrics (users), nor support_cases.",
        ),
        (
            "name: x\ntitle: X\nsources: {}\nplans: {order: [P1, P2, P1]}\n",
            "key `plans`: order names P1 more than once; a plan has one rank.",
        ),
        (
            "name: x\ntitle: X\nsources: {}\ntraining: {arms: []}\n",
            "key `training.arms`: Tuple should have at least 1 item after validation, not 0, found [].",
        ),
        ("title: X\nsources: {}\n", "key `name` is required and missing. Add it; config/demo.yaml shows an example."),
        ("name: a b\ntitle: X\nsources: {}\n", "key `name`: String should match pattern '^[A-Za-z_][A-Za-z0-9_]{0,62}$', found 'a b'."),
        ("- name\n", "expected `key: value` lines, found list. Start from config/demo.yaml or `clv init FOLDER`."),
        (
            "name: x\ntitle: X\nsources: {accounts: {columns: {}}}\n",
            "key `sources.accounts`: give exactly one of `files`, `database`, `query` (with `inputs`) or `derive_from`.",
        ),
        (
            "name: x\ntitle: X\nsources: {accounts: {database: 'postgresql://me:pw@host/x', table: t}}\n",
            "key `sources.accounts`: name an environment variable as `${NAME}`: addresses and passwords do not belong into a config.",
        ),
        (
            "name: x\ntitle: X\nsources: {}\ntargets: [{name: up, kind: upgrade}]\n",
            "key `(whole file)`: plans: an upgrade target without `label_column` needs `plans.order`, the plans from lowest to top.",
        ),
    ],
)
def test_mistake_is_one_message_with_the_key_and_the_remedy(tmp_path, settings, text, message):
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        load_config(path, settings)
    assert str(error.value) == f"{path}: {message}"


def test_missing_file_and_broken_yaml_are_named(tmp_path, settings):
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: no such config file"):
        load_config(tmp_path / "nowhere.yaml", settings)
    with pytest.raises(ConfigError, match=r"x\.yaml, line 3: not valid YAML"):
        load_config(write(tmp_path, "name: x\ntitle: [X\n: y"), settings)


def test_key_given_twice_is_an_error_and_does_not_drop_the_first(tmp_path, settings):
    text = "name: x\ntitle: X\nsources: {}\ntargets: []\n\ntargets: []\n"
    with pytest.raises(ConfigError, match=r"x\.yaml, line 6: not valid YAML \(key `targets` is given twice, first in line 4\)"):
        load_config(write(tmp_path, text), settings)
    with pytest.raises(ConfigError, match=r"line 4: .*key `unit` is given twice"):
        load_config(write(tmp_path, "name: x\ntitle: X\nsources: {}\nusage_metrics: {a: {label: a, unit: b, unit: c}}\n"), settings)


def test_merged_keys_may_be_given_again(tmp_path, settings):
    metrics = "usage_metrics:\n  a: &a {label: a, unit: seats}\n  b: {<<: *a, label: b}\n  c: {<<: *a, label: c}\n"
    config = load_config(write(tmp_path, f"name: x\ntitle: X\nsources: {{}}\n{metrics}"), settings)
    assert [(metric.label, metric.unit) for metric in config.usage_metrics.values()] == [("a", "seats"), ("b", "seats"), ("c", "seats")]


def test_config_in_another_encoding_is_one_message(tmp_path, settings):
    path = tmp_path / "x.yaml"
    path.write_bytes("name: x\ntitle: Café\n".encode("latin-1"))
    with pytest.raises(ConfigError) as error:
        load_config(path, settings)
    assert str(error.value) == f"{path}: expected text in UTF-8, found byte 0xe9 at place 18. Save the file as UTF-8."


def test_hash_changes_with_choices_not_with_where_files_lie(tmp_path, settings):
    def hashed(text: str) -> str:
        return config_hash(load_config(write(tmp_path, text), settings))

    here = hashed("name: x\ntitle: X\nsources: {accounts: {files: /here/a.csv}}\n")
    assert here == hashed("name: x\ntitle: X\nsources: {accounts: {files: /there/a.csv}}\n")
    assert here != hashed("name: x\ntitle: X\nsources: {accounts: {files: /here/a.csv}}\neligibility: {min_tenure_days: 31}\n")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("{name: t, kind: upgrade, churn_means: silent, label_column: y}", "churn_means: silent"),
        ("{name: t, kind: churn, churn_means: silent, activity: usage}", "no such source"),
        ("{name: t, kind: churn, label_column: y, duration_column: months}", "duration_column"),
    ],
)
def test_churn_that_cannot_be_told_is_one_message(tmp_path, settings, target, message):
    text = f"name: x\ntitle: X\nsources: {{accounts: {{files: a.csv}}, orders: {{files: o.csv}}}}\ntargets: [{target}]\n"
    with pytest.raises(ConfigError, match=message):
        load_config(write(tmp_path, text), settings)


def test_every_key_is_in_the_table_of_keys():
    text = (PROJECT_ROOT / "docs" / "own_data.md").read_text(encoding="utf-8")
    table = {cell for line in text.splitlines() if line.startswith("|") for cell in re.findall(r"\w+", line)}
    assert sorted(set(KNOWN_KEYS) - table) == []  # the message for an unknown key sends people there
