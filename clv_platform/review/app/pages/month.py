"""This month: what the newest published run says, for whoever acts on it. What a run didn't publish is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from dash import Dash, html
from flask import Response, abort, request

from clv_platform.reports.publish import write_call_csv
from clv_platform.reports.words import counted
from clv_platform.review.access import current_person, write_audit
from clv_platform.review.app.address import Address, read_address
from clv_platform.review.app.figures import lines_figure
from clv_platform.review.app.formats import amount, number
from clv_platform.review.app.pages.month_words import GROUPINGS, LABELS
from clv_platform.review.app.parts import chart, heat_cell, interval_bar, marks, note, plain_table, section, select
from clv_platform.review.app.scene import Page, Scene, Sources
from clv_platform.review.queries.month import at_risk, choices, current_folder, newest_moves, only, read_manifest, read_mart

_N_SHOWN = 15
_WHO = ("account_id", "value_tier", "segment", "territory", "country", "industry", "employee_range")


def _controls(scene: Scene) -> list[Any]:
    folder = current_folder(scene.sources.published)
    head: list[Any] = [html.H1("This month")]
    if folder is None:
        return head
    head.append(html.P(_as_of(folder), className="dim"))
    inputs = (
        [select("group", "Group by", [{"value": g, "label": GROUPINGS.get(g, g)} for g in groups], _grouping(scene, groups))]
        if (groups := _groupings(folder))
        else []
    )
    accounts = _accounts(folder)
    for name, levels in list(choices(accounts).items())[:4] if accounts is not None else []:
        inputs.append(
            select(
                f"only-{name}",
                f"Lists: only {LABELS.get(name, name)}",
                levels,
                scene.address.option(f"only-{name}") or None,
                allowDeselect=True,
                clearable=True,
                placeholder="any",
            )
        )
    return [*head, html.Div(inputs, className="filters")]


def _as_of(folder: Path) -> str:
    """Date and company of the run, and the unit of its amounts."""
    manifest = read_manifest(folder)
    told = [f"As of {manifest.get('cutoff', '')}", str(manifest.get("company", ""))]
    if manifest.get("currency") and read_mart(folder, "rpt_account_360") is not None:
        told.append(f"amounts in {manifest['currency']}")
    return ", ".join(told)


def _accounts(folder: Path) -> pd.DataFrame | None:
    for name in ("rpt_account_360", "rpt_call_list"):
        if (found := read_mart(folder, name)) is not None:
            return found
    return None


def _groupings(folder: Path) -> list[str]:
    summary = read_mart(folder, "rpt_segment_summary")
    return list(dict.fromkeys(summary["grouping_name"])) if summary is not None else []


def _grouping(scene: Scene, groups: list[str]) -> str:
    wanted = scene.address.option("group")
    return wanted if wanted in groups else groups[0]


def _wanted(address: Address) -> dict[str, str]:
    return {key.removeprefix("only-"): value for key, value in address.options if key.startswith("only-")}


def _view(scene: Scene) -> Any:
    folder = current_folder(scene.sources.published)
    if folder is None:
        return note("No run has been published yet. `clv run` loads the data, trains, scores and publishes; then this page fills.")
    wanted = _wanted(scene.address)
    groups = _groupings(folder)
    parts = [
        _headline(folder),
        _holders(folder, _grouping(scene, groups)) if groups else None,
        _moves(folder, _grouping(scene, groups)) if groups else None,
        _trend(folder),
        _forecast(folder),
        _risk(scene, folder, wanted),
        *_calls(scene, folder, wanted),
    ]
    shown = [part for part in parts if part is not None]
    return shown or note("The newest run published no monthly tables yet.")


def _headline(folder: Path) -> Any:
    accounts = read_mart(folder, "rpt_account_360")
    if accounts is None:
        return None
    cards = [("accounts", f"{len(accounts):,}", "known at this date")]
    if accounts["expected_value"].notna().any():
        value = accounts["expected_value"].dropna().sort_values(ascending=False)
        top = value.head(max(len(value) // 10, 1)).sum() / value.sum() if value.sum() else float("nan")
        cards += [
            ("expected value", amount(float(value.sum())), "what all accounts together should bring over the horizon"),
            ("held by the best tenth", number(float(top), "share"), "of that value; the more, the more each of them matters"),
        ]
    if "expected_loss" in accounts and accounts["expected_loss"].notna().any():
        cards.append(("expected loss", amount(float(accounts["expected_loss"].sum())), "each account's value times its chance of leaving"))
    tiles = [
        html.Div(
            [html.Div(a, className="card-label"), html.Div(b, className="card-value"), html.Div(c, className="card-words")],
            className="card",
        )
        for a, b, c in cards
    ]
    return html.Div(tiles, className="cards")


def _holders(folder: Path, grouping: str) -> Any:
    summary = read_mart(folder, "rpt_segment_summary")
    if summary is None:
        return None
    mine = summary[summary["grouping_name"] == grouping].sort_values("expected_value", ascending=False, na_position="last")
    rows = []
    for r in mine.to_dict("records"):
        share = float(r["value_share"]) if pd.notna(r["value_share"]) else float("nan")
        rows.append(
            html.Tr(
                [
                    html.Th(str(r["group_name"]), scope="row"),
                    html.Td(f"{r['n_accounts']:,}", className="num"),
                    html.Td(f"{r['n_scored']:,}", className="num"),
                    html.Td(number(_float(r["account_share"]), "share"), className="num"),
                    html.Td(interval_bar(share, float("nan"), float("nan"), _float(r["account_share"]), 0.0, 1.0), className="bar-cell"),
                    html.Td(number(share, "share"), className="num"),
                    html.Td(_amount(r["expected_value"]), className="num"),
                    html.Td(_amount(r["mean_expected_value"]), className="num"),
                    html.Td(number(_float(r["mean_churn_score"]), "share"), className="num"),
                    html.Td(_amount(r["expected_loss"]), className="num"),
                ]
            )
        )
    heads = (
        GROUPINGS.get(grouping, grouping),
        "accounts",
        "with a forecast",
        "share of accounts",
        "",
        "share of value",
        "expected value",
        "each",
        "chance of leaving",
        "expected loss",
    )
    head = html.Thead(html.Tr([html.Th(text, scope="col", className="num" if i not in (0, 4) else "") for i, text in enumerate(heads)]))
    lead = (
        "The bar is the group's share of the expected value, the tick its share of the accounts: a bar beyond its tick "
        "holds more than its head count. Values are of accounts with a forecast, "
        f"{int(mine['n_scored'].sum()):,} of {int(mine['n_accounts'].sum()):,}; the others left, fell silent for long, or are left out by "
        "the config."
    )
    table = html.Table([head, html.Tbody(rows)], className="plain bars")
    return section(
        f"Who holds the value, by {GROUPINGS.get(grouping, grouping)}",
        html.Div(table, className="scroll", tabIndex=0, role="region", **marks({"aria-label": "who holds the value"})),
        lead=lead,
    )


def _moves(folder: Path, grouping: str) -> Any:
    migration = read_mart(folder, "rpt_segment_migration")
    if migration is None:
        return None
    moves, day = newest_moves(migration, grouping)
    if day is None:
        return None
    groups = sorted({*moves["from_group"].dropna().astype("str"), *moves["to_group"].dropna().astype("str")})
    cells = {(str(r["from_group"]), str(r["to_group"])): r for r in moves.to_dict("records")}
    body = []
    for one in groups:
        line: list[Any] = [html.Th(one, scope="row")]
        for other in groups:
            r = cells.get((one, other))
            share = _float(r["share_of_from"]) if r else float("nan")
            line.append(heat_cell(f"{r['n_accounts']:,}" if r else "", share, number(share, "share") if r else "nobody", one == other))
        body.append(html.Tr(line))
    moved = int(sum(r["n_accounts"] for (a, b), r in cells.items() if a != b))
    head = html.Thead(html.Tr([html.Th("was ↓  is now →", scope="col"), *(html.Th(g, scope="col", className="num") for g in groups)]))
    lead = (
        f"Until {pd.Timestamp(day):%d %B %Y}, {moved:,} of {int(moves['n_accounts'].sum()):,} accounts changed their "
        "group. Framed: stayed where they were."
    )
    table = html.Table([head, html.Tbody(body)], className="plain confusion")
    return section(
        "Who moved since the month before",
        html.Div(table, className="scroll", tabIndex=0, role="region", **marks({"aria-label": "who moved"})),
        lead=lead,
    )


def _trend(folder: Path) -> Any:
    trend = read_mart(folder, "rpt_value_trend")
    if trend is None:
        return None
    mine = trend[trend["target"] == trend["target"].iloc[0]].sort_values("as_of_date")
    series = {"expected": (mine["as_of_date"].tolist(), mine["expected_value"].tolist())}
    known = mine[mine["realised_value"].notna()]
    if len(known):
        series["what came"] = (known["as_of_date"].tolist(), known["realised_value"].tolist())
    last = mine.iloc[-1]
    words = (
        f"On {pd.Timestamp(last['as_of_date']):%d %B %Y} {last['n_accounts']:,} accounts were expected to bring "
        f"{amount(float(last['expected_value']))}."
    )
    if len(known):
        done = known.iloc[-1]
        words += (
            f" Of the list of {pd.Timestamp(done['as_of_date']):%d %B %Y}, {amount(float(done['expected_value']))} was "
            f"expected and {amount(float(done['realised_value']))} came."
        )
    heads = {"as_of_date": "as of", "n_accounts": "accounts", "expected_value": "expected", "realised_value": "what came"}
    if len(mine) < 2:  # one month is no line
        return section("How the value develops", html.P(f"{words} The months to come are added here."))
    return section(
        "How the value develops", chart(lines_figure(series, "value"), words, plain_table(mine, heads, caption="value by month"))
    )


def _forecast(folder: Path) -> Any:
    forecast = read_mart(folder, "rpt_revenue_forecast")
    if forecast is None:
        return None
    mine = forecast[forecast["target"] == forecast["target"].iloc[0]].sort_values("month_start")
    past, future = mine[~mine["is_forecast"].astype(bool)], mine[mine["is_forecast"].astype(bool)]
    series = {
        name: (part["month_start"].tolist(), part["revenue"].tolist()) for name, part in (("past", past), ("expected", future)) if len(part)
    }
    words = (
        f"Today's accounts are expected to bring {amount(float(future['revenue'].sum()))} over the next {len(future)} "
        "months. Newcomers aren't counted."
    )
    heads = {"month_start": "month", "is_forecast": "is a forecast", "n_accounts": "accounts", "revenue": "revenue"}
    return section(
        "Revenue, past and expected", chart(lines_figure(series, "revenue"), words, plain_table(mine, heads, caption="revenue by month"))
    )


def _risk(scene: Scene, folder: Path, wanted: dict[str, str]) -> Any:
    table = _list(folder, "at_risk", wanted, _N_SHOWN)
    if not _is_loss_known(folder):
        return section("Accounts with most to lose", note("Expected loss isn't known, because no model of leaving is in use."))
    if table is None or table.empty:
        return None
    return section(
        "Accounts with most to lose",
        _download(scene, "at_risk"),
        _table(table, "accounts with most to lose"),
        lead=f"By whose leaving most would be lost: chance of leaving times expected value. The first {len(table)}; the CSV has all."
        + _left_since(folder),
    )


def _is_loss_known(folder: Path) -> bool:
    """Tell an expected loss that no account has, though their value is known, from a list that is empty for another reason."""
    accounts = read_mart(folder, "rpt_account_360")
    if accounts is None or "expected_loss" not in accounts or not accounts["expected_value"].notna().any():
        return True
    return bool(accounts["expected_loss"].notna().any())


def _left_since(folder: Path) -> str:
    """Say how many accounts aren't among those with most to lose because they have left since the snapshot."""
    accounts = read_mart(folder, "rpt_account_360")
    if accounts is None or "left_on" not in accounts or not (n_left := int(accounts["left_on"].notna().sum())):
        return ""
    verb = "has" if n_left == 1 else "have"
    since = f"{pd.Timestamp(accounts['as_of_date'].max()):%d %B %Y}"
    return f" {counted(n_left, 'account')} {verb} left after the snapshot of {since} already; the list leaves them out."


def _calls(scene: Scene, folder: Path, wanted: dict[str, str]) -> list[Any]:
    calls = read_mart(folder, "rpt_call_list")
    if calls is None:
        return []
    parts = []
    for target in dict.fromkeys(calls["target"]):
        table = _list(folder, f"calls-{target}", wanted, _N_SHOWN)
        if table is not None and len(table):
            purpose = str(calls.loc[calls["target"] == target, "purpose"].iloc[0]) if "purpose" in calls else "call first"
            title = f"Whom to {purpose} ({target})"
            lead = (
                "The highest chance first, with what speaks for it. A reason says what moved the score, not what would change "
                "the account's mind."
            ) + _left_out(folder, target)
            parts.append(section(title, _download(scene, f"calls-{target}"), _table(table, title), lead=lead))
    return parts


def _left_out(folder: Path, target: str) -> str:
    """Say how many accounts aren't on the list because it has happened to them since the snapshot."""
    scores = read_mart(folder, "rpt_target_scores")
    if scores is None or "happened_on" not in scores:
        return ""
    gone = scores[(scores["target"] == target) & scores["happened_on"].notna()]
    if gone.empty:
        return ""
    did = "left" if str(gone["target_kind"].iloc[0]) == "churn" else "upgraded"
    since = f"the snapshot of {pd.Timestamp(gone['as_of_date'].iloc[0]):%d %B %Y}"
    return f" {len(gone):,} of {int((scores['target'] == target).sum()):,} accounts {did} after {since} already; the list leaves them out."


def _list(folder: Path, name: str, wanted: dict[str, str], most: int) -> pd.DataFrame | None:
    """Return one of the page's lists: "at_risk", or "calls-<target>"."""
    if name == "at_risk":
        accounts = read_mart(folder, "rpt_account_360")
        if accounts is None:
            return None
        found = at_risk(only(accounts, wanted), most)
        return found[
            [c for c in (*_WHO, "expected_value", "churn_score", "expected_loss") if c in found.columns and found[c].notna().any()]
        ]
    calls = read_mart(folder, "rpt_call_list")
    target = name.removeprefix("calls-")
    if calls is None or target not in set(calls["target"]):
        return None
    found = only(calls[calls["target"] == target], wanted).sort_values("score_rank").head(most)
    columns = ("score_rank", *_WHO, "score", "reasons_up" if "reasons_up" in found else "reasons")
    return found[[c for c in columns if c in found.columns and found[c].notna().any()]]


def _table(table: pd.DataFrame, caption: str) -> Any:
    shares = {name: lambda v: number(_float(v), "share") for name in ("score", "churn_score", "upgrade_score")}
    amounts: dict[str, Any] = {"expected_value": _amount, "expected_loss": _amount, "reasons": _reasons, "reasons_up": _reasons}
    return plain_table(table, {name: LABELS.get(name, name.replace("_", " ")) for name in table.columns}, shares | amounts, caption)


def _reasons(value: Any) -> Any:
    """Reasons one below the other."""
    parts = [part for part in str(value).split(" · ") if part] if pd.notna(value) else []
    return html.Ul([html.Li(part) for part in parts], className="reasons")


def _download(scene: Scene, name: str) -> Any:
    if not scene.person.may("export"):
        return None
    from urllib.parse import quote

    return html.A("Download as CSV", href=f"/month/{quote(name, safe='')}.csv{scene.address.search}", className="link", download="")


def _float(value: Any) -> float:
    return float(value) if pd.notna(value) else float("nan")


def _amount(value: Any) -> str:
    return amount(float(value)) if pd.notna(value) else "–"


def register(app: Dash, sources: Sources) -> None:
    """Add the address from which the lists are fetched."""

    @app.server.get("/month/<name>.csv")
    def _export_list(name: str) -> Response:
        person = current_person()
        if not person.may("export"):
            abort(403, f"Role {person.role} may look, not export.")
        folder = current_folder(sources.published)
        wanted = _wanted(read_address("/month", request.query_string.decode("utf-8", "replace")))
        table = _list(folder, name, wanted, 10**9) if folder else None
        if table is None:
            abort(404, "There is no such list in the newest published run.")
        write_audit(sources.store.root, person.name, "export", list=name, filters=wanted, n_rows=len(table), address=request.remote_addr)
        return _as_csv(table, name)


def _as_csv(table: pd.DataFrame, name: str) -> Response:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="clv_export_") as folder:
        path = Path(folder) / "list.csv"
        write_call_csv(table, path)
        content = path.read_bytes()
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)
    return Response(
        content, mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{plain}.csv"', "Cache-Control": "no-store"}
    )


PAGE = Page("month", "This month", _view, _controls, has_filters=False)
