"""The list of commands with their options; what they do is imported when they are called."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

_CONFIG = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=None,
    help="The company's YAML file [default: CLV_CONFIG, else config/demo.yaml].",
)
_FOLDER = click.Path(path_type=Path, file_okay=False)


class _Cutoff(click.ParamType):
    """A date, or `undated`."""

    name = "YYYY-MM-DD"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        try:
            return text if text == "undated" else date.fromisoformat(text).isoformat()
        except ValueError:
            self.fail(f"expected a date such as 2026-01-01 (or `undated` for data without dates), found {text!r}.", param, ctx)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="clv-platform", prog_name="clv")
def main() -> None:
    """Which accounts will upgrade, which will leave, why, and how sure that is: from raw files to a report."""


@main.command()
@_CONFIG
@click.option("--target", "targets", multiple=True, metavar="NAME", help="Only this target of the config; may be given several times.")
@click.option("--cutoff", type=_Cutoff(), default=None, help="The moment as of which everything is known [default: where the data end].")
@click.option("--retrain", is_flag=True, help="Search for parameters with the full budget of the config (`retrain_trials`, say).")
@click.option("--no-progress", is_flag=True, help="One line per finished step instead of bars, as in a log.")
def run(config_path: Path | None, targets: tuple[str, ...], cutoff: str | None, retrain: bool, no_progress: bool) -> None:
    """Run the whole graph: load, transform, train, evaluate, explain, score, report, publish."""
    from clv_platform.cli.run import run_once

    _exit(run_once(config_path, targets=targets, cutoff=cutoff, show_bars=not no_progress, is_retraining=retrain))


@main.command()
@_CONFIG
@click.option("--from", "first", type=_Cutoff(), default=None, help="First cutoff [default: 12 months, as far as the history allows].")
@click.option("--to", "last", type=_Cutoff(), default=None, help="Last cutoff [default: the month before the data end].")
@click.option("--target", "targets", multiple=True, metavar="NAME", help="Only this target of the config.")
@click.option("--again", is_flag=True, help="Do months again that are finished for the same data and config.")
@click.option("--no-progress", is_flag=True, help="One line per finished step instead of bars.")
def backtest(
    config_path: Path | None, first: str | None, last: str | None, targets: tuple[str, ...], again: bool, no_progress: bool
) -> None:
    """What would have been known: a model for each of the last 12 months; nothing is promoted or published. A killed one goes on."""
    from clv_platform.cli.backtest import run_backtest

    _exit(run_backtest(config_path, first=first, last=last, targets=targets, is_again=again, show_bars=not no_progress))


@main.command()
@_CONFIG
def cutoffs(config_path: Path | None) -> None:
    """List the cutoffs that have reports, and the newest one."""
    from clv_platform.cli.run import list_cutoffs

    _exit(list_cutoffs(config_path))


@main.command()
@_CONFIG
@click.option("--target", "targets", multiple=True, metavar="NAME", help="Only this target of the config.")
def models(config_path: Path | None, targets: tuple[str, ...]) -> None:
    """List the models there are, what the gate said about each, and which one is in use."""
    from clv_platform.cli.models import list_models

    _exit(list_models(config_path, targets=targets))


@main.command()
@_CONFIG
@click.option("--target", default=None, metavar="NAME", help="The target [default: the config's only one].")
@click.option("--to", default=None, metavar="MODEL_ID", help="A model that was in use once [default: the one before the present one].")
@click.option("--why", default="", help="The reason, kept with the decision.")
def rollback(config_path: Path | None, target: str | None, to: str | None, why: str) -> None:
    """Use an earlier model again; who, when and why is kept. The model left behind doesn't come back by itself."""
    from clv_platform.cli.models import roll_back

    _exit(roll_back(config_path, target=target, to=to, why=why))


@main.command()
@click.argument("folder", type=_FOLDER)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Write the draft here [default: print it].")
def init(folder: Path, out: Path | None) -> None:
    """Look at a FOLDER of files and draft a company config."""
    from clv_platform.cli.data import draft

    _exit(draft(folder, out))


@main.command()
@_CONFIG
def check(config_path: Path | None) -> None:
    """Read config and sources, say what would be rejected and what can be computed; write nothing."""
    from clv_platform.cli.data import check_company

    _exit(check_company(config_path))


@main.command()
@click.option("--accounts", type=click.IntRange(min=1), default=10_000, show_default=True)
@click.option("--months", type=click.IntRange(min=1), default=24, show_default=True, help="Calendar months of history.")
@click.option("--out", type=_FOLDER, default=None, help="Folder of the raw files [default: where config/demo.yaml reads].")
@click.option("--seed", type=click.IntRange(min=0), default=7, show_default=True)
@click.option(
    "--oracle", type=_FOLDER, default=None, help="Folder of the truth, which the graph never reads [default: `oracle` beside OUT]."
)
def simulate(accounts: int, months: int, out: Path | None, seed: int, oracle: Path | None) -> None:
    """Write the raw files of the demo company, seeded, any size."""
    from clv_platform.cli.data import simulate_demo

    _exit(simulate_demo(n_accounts=accounts, n_months=months, out=out, seed=seed, oracle=oracle))


@main.command()
@_CONFIG
@click.option("--keep", type=click.IntRange(min=1), default=None, help="Runs to keep [default: keep_runs of the config].")
def clean(config_path: Path | None, keep: int | None) -> None:
    """Remove old published runs, old cutoffs' reports and unused models; champions, their reports, what is current and all scores stay."""
    from clv_platform.cli.data import clean_company

    _exit(clean_company(config_path, keep))


@main.command()
@_CONFIG
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="The page [default: data/<name>/dbt_docs.html].")
def docs(config_path: Path | None, out: Path | None) -> None:
    """Write the dbt docs as one static page: what every table, column and feature means."""
    from clv_platform.cli.data import write_docs

    _exit(write_docs(config_path, out))


@main.command()
@_CONFIG
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; other than loopback needs a login.")
@click.option("--port", type=click.IntRange(0, 65535), default=8050, show_default=True)
@click.option(
    "--users",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="People and tokens [default: users.json in the review store].",
)
@click.option("--proxy-header", default=None, metavar="NAME", help="Header in which a proxy names whom it has logged in.")
@click.option("--proxy-address", "proxies", multiple=True, metavar="IP", help="Where that proxy calls from [default: this machine].")
@click.option(
    "--proxy-role",
    type=click.Choice(["viewer", "reviewer", "publisher"]),
    default="viewer",
    show_default=True,
    help="Role of people only the proxy knows.",
)
@click.option("--session-hours", type=float, default=12.0, show_default=True, help="After so long everybody logs in again.")
@click.option("--https", "is_https", is_flag=True, help="Browsers come by HTTPS (through a proxy): cookies never travel otherwise.")
def review(
    config_path: Path | None, host: str, port: int, users: Path | None, proxy_header: str | None, proxies: tuple[str, ...], proxy_role: str,
    session_hours: float, is_https: bool,
) -> None:  # fmt: skip
    """Serve the review app: published predictions to look at, doubt and answer, and what the newest run says of the month."""
    from clv_platform.cli.review import serve_review

    _exit(
        serve_review(
            config_path, host=host, port=port, users=users, proxy_header=proxy_header, proxies=proxies, proxy_role=proxy_role,
            session_hours=session_hours, is_https=is_https,
        )
    )  # fmt: skip


@main.command("review-user")
@_CONFIG
@click.argument("name")
@click.option("--role", type=click.Choice(["viewer", "reviewer", "publisher"]), default="reviewer", show_default=True)
@click.option(
    "--users", type=click.Path(path_type=Path, dir_okay=False), default=None, help="The file [default: users.json in the review store]."
)
@click.option("--token", "is_token", is_flag=True, help="A token instead of a password.")
def review_user(config_path: Path | None, name: str, role: str, users: Path | None, is_token: bool) -> None:
    """Let NAME log in to the review app: a viewer looks, a reviewer comments and exports, a publisher answers too."""
    from clv_platform.cli.review import add_review_user

    password = None if is_token else click.prompt("Password", hide_input=True, confirmation_prompt=True)
    _exit(add_review_user(config_path, name, role=role, users=users, is_token=is_token, password=password))


@main.command()
@_CONFIG
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--name", default=None, help="What people call it [default: the file's name]. The same name again adds a version.")
@click.option("--y-true", default=None, metavar="COLUMN", help="What happened.")
@click.option("--y-pred", default=None, metavar="COLUMN", help="What was predicted.")
@click.option("--score", default=None, metavar="COLUMN", help="The score, where outcomes are yes or no.")
@click.option("--account-id", default=None, metavar="COLUMN", help="Who.")
@click.option("--as-of-date", default=None, metavar="COLUMN|DAY", help="As of when; a column, or one day for all rows.")
@click.option("--kind", type=click.Choice(["binary", "multiclass", "regression"]), default=None, help="[default: guessed]")
@click.option("--positive", default=None, metavar="VALUE", help="Of yes or no: the outcome asked for.")
@click.option("--threshold", type=float, default=None, help="From this score on an account counts as named [default: .5].")
@click.option("--target", default=None, metavar="NAME", help="The target that the predictions are of.")
@click.option("--model-id", default=None, help="The model that made them.")
@click.option("--slice", "slices", multiple=True, metavar="COLUMN", help="Break down by this first; may be given several times.")
@click.option("--private", multiple=True, metavar="COLUMN", help="Never shown: its values aren't written; may be given several times.")
@click.option(
    "--type", "types", multiple=True, metavar="COLUMN=TYPE",
    help="Correct a guess: category, number, date, boolean or text; may be given several times.",
)  # fmt: skip
def publish(
    config_path: Path | None, file: Path, name: str | None, y_true: str | None, y_pred: str | None, score: str | None,
    account_id: str | None, as_of_date: str | None, kind: str | None, positive: str | None, threshold: float | None, target: str | None,
    model_id: str | None, slices: tuple[str, ...], private: tuple[str, ...], types: tuple[str, ...],
) -> None:  # fmt: skip
    """Publish a Parquet FILE with predictions for reviewers and print its address; columns that aren't named are guessed."""
    from clv_platform.cli.publish import publish_file

    columns = {"y_true": y_true, "y_pred": y_pred, "score": score, "account_id": account_id, "as_of_date": as_of_date}
    _exit(
        publish_file(
            config_path, file, name=name, columns=columns, kind=kind, positive=positive, threshold=threshold, target=target,
            model_id=model_id, slices=slices, private=private, types=types,
        )
    )  # fmt: skip


def _exit(code: int) -> None:
    raise SystemExit(code)
