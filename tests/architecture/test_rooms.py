"""Rules of the house that import-linter does not hold: file sizes, names, paths, what the README promises."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc"}


def tracked(*suffixes: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return [path for path in paths if path.is_file() and (not suffixes or path.suffix in suffixes)]


def test_the_tree_is_seen():
    assert len(tracked(".py")) > 10


@pytest.mark.parametrize("path", tracked(".py", ".sql", ".yml", ".yaml"), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_over_400_lines(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_no_name_says_nothing():
    vague = [
        str(path.relative_to(ROOT)) for path in tracked() if VAGUE & {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}
    ]
    assert vague == []


def test_no_asset_body_is_over_15_statements():
    import ast

    long = []
    for path in (ROOT / "assets").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            decorators = {ast.unparse(decorator).split("(")[0].split(".")[-1] for decorator in node.decorator_list}
            n_statements = sum(isinstance(inner, ast.stmt) for inner in ast.walk(node)) - 1
            if decorators & {"asset", "multi_asset", "asset_check", "multi_asset_check", "dbt_assets"} and n_statements > 15:
                long.append(f"{path.name}:{node.lineno} {node.name}: {n_statements}")
    assert long == []


def test_only_settings_reads_the_environment():
    readers = [
        str(path.relative_to(ROOT))
        for path in tracked(".py")
        if path.is_relative_to(ROOT / "clv_platform") and re.search(r"os\.environ|os\.getenv|environ\[", path.read_text(encoding="utf-8"))
    ]
    assert readers == ["clv_platform/settings.py"]


def test_dbt_folder_is_not_importable():
    assert not list((ROOT / "dbt_project").rglob("__init__.py"))
    assert not [path for path in ROOT.iterdir() if path.name.startswith("dbt_") and (path / "__init__.py").exists()]


def test_no_address_of_a_package_registry_and_no_path_of_a_machine():
    pattern = re.compile(
        "|".join(
            [
                "pypi" + r"\.org",
                "python" + "hosted",
                "registry" + r"\.npmjs",
                "deb" + r"\.debian",
                r"--extra-" + "index",
                "/(wor" + "k|roo" + "t|hom" + "e)/",
            ]
        )
    )
    found = [
        str(path.relative_to(ROOT))
        for path in tracked(".py", ".sql", ".yml", ".yaml", ".toml", ".lock", ".md", ".txt", ".cfg", "")
        if pattern.search(path.read_text(encoding="utf-8", errors="ignore"))
    ]
    assert found == []


def test_every_path_named_in_the_readme_exists():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:clv_platform|assets|config|dbt_project|docs|tests|benchmarks)/[\w./-]*)`", text))
    named |= set(re.findall(r"\]\((?!https?:|#)([^)]+)\)", text))
    missing = sorted(name for name in named if not (ROOT / name.split("#")[0]).exists())
    assert named
    assert missing == []


def test_make_targets_named_in_the_readme_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert named
    assert named <= targets


def test_lock_file_has_a_hash_for_every_package_and_no_address():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    for block in re.split(r"\n(?=[A-Za-z])", text.strip()):
        assert "==" in block.splitlines()[0]
        assert "--hash=sha256:" in block
