"""Companies of a few lines, loaded into a temporary folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clv_platform.config import CompanyConfig
from clv_platform.raw import RawLoad, load_raw
from clv_platform.settings import CompanyPaths, Settings, company_paths, load_settings
from clv_platform.warehouse import open_warehouse


@dataclass(frozen=True)
class Company:
    """A folder of source files and the state of the company made from them."""

    folder: Path
    settings: Settings
    paths: CompanyPaths

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def config(self, sources: dict[str, Any], **rest: Any) -> CompanyConfig:
        placed = {table: self._placed(source) for table, source in sources.items()}
        return CompanyConfig.model_validate({"name": "tiny", "title": "Tiny", "sources": placed, **rest})

    def load(self, sources: dict[str, Any], **rest: Any) -> RawLoad:
        return load_raw(self.config(sources, **rest), self.paths, self.settings)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with open_warehouse(self.paths.warehouse, self.settings, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def rejected(self, table: str) -> list[tuple[Any, ...]]:
        return self.rows(
            f"select source_row, column_name, value, reason, kind from raw.rejected_rows where table_name = '{table}' order by source_row"
        )

    def _placed(self, source: dict[str, Any]) -> dict[str, Any]:
        placed = dict(source)
        if "files" in placed:
            files = [placed["files"]] if isinstance(placed["files"], str) else placed["files"]
            placed["files"] = [str(self.folder / name) for name in files]
        if "inputs" in placed:
            placed["inputs"] = {name: self._placed(origin) for name, origin in placed["inputs"].items()}
        return placed


@pytest.fixture
def company(tmp_path: Path) -> Company:
    folder = tmp_path / "files"
    folder.mkdir()
    settings = load_settings({"CLV_DATA_DIR": str(tmp_path / "data"), "CLV_THREADS": "1", "CLV_MEMORY_LIMIT": "1GB"})
    return Company(folder, settings, company_paths(settings, "tiny"))


@pytest.fixture
def accounts(company: Company) -> Callable[[str], dict[str, Any]]:
    """Write an accounts file with these ids and give its block of the config."""

    def write(ids: str = "a1 a2 a3") -> dict[str, Any]:
        company.write("accounts.csv", "account_id\n" + "\n".join(ids.split()) + "\n")
        return {"files": "accounts.csv"}

    return write
