"""What is told when a run fails: plain words, no secrets, and a webhook that can't make things worse."""

import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from assets.failures import failure_payload, hide_secrets, plain_message, post_failure


def error(kind: str, message: str, cause=None):
    return SimpleNamespace(cls_name=kind, message=message, cause=cause)


@pytest.fixture
def webhook():
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            received.append((self.headers["Content-Type"], json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook?token=secret", received
        server.shutdown()
        thread.join()


def test_the_error_that_started_it_is_told():
    cause = error("RawDataError", "RawDataError: usage.csv: no column `value`.")
    outer = error("DagsterExecutionStepExecutionError", "Error occurred", cause)
    assert plain_message(outer) == ("usage.csv: no column `value`.", True)


def test_a_bug_keeps_its_kind():
    told = plain_message(error("ZeroDivisionError", "ZeroDivisionError: division by zero\n"))
    assert told == ("ZeroDivisionError: division by zero", False)


def test_the_webhook_gets_json(webhook, company):
    url, received = webhook
    facts = {"job": "refresh_everything_job", "run_id": "r1", "cutoff": "2026-01-01", "steps": ["raw_tables"]}
    payload = failure_payload(company, **facts, message="no file")
    assert post_failure(url, payload)
    kind, content = received[0]
    assert kind == "application/json"
    assert content == {
        "company": "demo",
        "job": "refresh_everything_job",
        "run_id": "r1",
        "cutoff": "2026-01-01",
        "failed_steps": ["raw_tables"],
        "message": "no file",
    }


def test_an_unreachable_webhook_is_one_line_in_the_log_without_its_address(caplog):
    with caplog.at_level(logging.WARNING):
        assert not post_failure("http://127.0.0.1:9/hook?token=secret", {"message": "x"})
    assert "could not be reached" in caplog.text
    assert "secret" not in caplog.text


def test_secrets_are_hidden(open_tiny, monkeypatch):
    monkeypatch.setenv("SHOP_DB", "postgresql://ann:pa55@db.example/shop")
    company = open_tiny(sources={"accounts": {"database": "${SHOP_DB}", "table": "public.accounts"}}, targets=[], usage_metrics={})
    told = hide_secrets("can't reach postgresql://ann:pa55@db.example/shop; nor postgresql://bob:word@other/x", company)
    assert told == "can't reach ***; nor postgresql://bob:***@other/x"
