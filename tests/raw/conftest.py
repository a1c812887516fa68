"""Companies of a few lines, loaded into a temporary folder, and a PostgreSQL server."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
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


PASSWORD = "s3cret-pass"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a PostgreSQL server of the tests' own: Debian's binaries, a temporary folder, a free loopback port, no root."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.fail("PostgreSQL's server binaries are needed for this test and are not installed. Run: apt-get install -y postgresql")
    binaries = found[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="clv_pg_"))
    # initdb refuses to run as root; Debian's package brings a user for it.
    as_user = "postgres" if os.geteuid() == 0 else None
    if as_user:
        os.chown(folder, pwd.getpwnam(as_user).pw_uid, pwd.getpwnam(as_user).pw_gid)
    password_file = folder / "password"
    password_file.write_text(PASSWORD)
    password_file.chmod(0o644)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    try:
        access = ["-A", "scram-sha-256", f"--pwfile={password_file}", "-U", "tester"]
        _run([binaries / "initdb", "-D", data, *access, "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"], as_user, folder)
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        _run([binaries / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"], as_user, folder)
        try:
            yield f"postgresql://tester:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            _run([binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], as_user, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[object], user: str | None, folder: Path) -> None:
    result = subprocess.run(
        list(map(str, command)),
        user=user,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=120,
    )
    if result.returncode:
        log = folder / "log"
        pytest.fail(f"{command[0]} ended with {result.returncode}. {log.read_text() if log.is_file() else ''}")
