"""A load that is killed leaves the raw tables of the load before, and the next one simply works."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

LOADER = """
import signal
import sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background hands on an ignored Ctrl-C
from clv_platform.config import CompanyConfig
from clv_platform.raw import loading
from clv_platform.settings import company_paths, load_settings
settings = load_settings({"CLV_DATA_DIR": sys.argv[1], "CLV_THREADS": "1"})
config = CompanyConfig.model_validate_json(Path(sys.argv[2]).read_text())
write_catalogue = loading._write_catalogue

def stop_here(connection, config):
    print("filled", flush=True)
    sys.stdin.readline()

loading._write_catalogue = stop_here
loading.load_raw(config, company_paths(settings, config.name), settings)
"""


@pytest.mark.parametrize("signal_", [signal.SIGKILL, signal.SIGINT])
def test_killed_load_leaves_the_earlier_tables(company, accounts, signal_):
    company.load({"accounts": accounts("a1 a2")})
    company.write("accounts.csv", "account_id\n" + "".join(f"b{number}\n" for number in range(200_000)))
    config = company.config({"accounts": {"files": "accounts.csv"}})
    content = company.write("config.json", config.model_dump_json())
    process = subprocess.Popen(
        [sys.executable, "-c", LOADER, str(company.settings.data_dir), str(content)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "filled\n"
    time.sleep(0.1)
    process.send_signal(signal_)
    process.communicate(timeout=30)
    assert process.returncode != 0
    assert company.rows("select account_id from raw.accounts order by 1") == [("a1",), ("a2",)]
    assert company.load({"accounts": {"files": "accounts.csv"}}).tables[0].n_accepted == 200_000
