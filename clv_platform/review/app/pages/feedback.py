"""Feedback: say what is wrong with a frame, a group of rows or one row; read what others said and what came of it.

The form stands beside the view, so that changing filters while writing doesn't lose a word; the text is kept in the browser until it is
sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import dash_mantine_components as dmc
from dash import ALL, MATCH, Dash, Input, Output, State, ctx, dcc, html, no_update

from clv_platform.review.access import Person, current_person
from clv_platform.review.app.address import Address, read_address
from clv_platform.review.app.formats import cell, filters_words, moment
from clv_platform.review.app.parts import CLEAR, link, marks, note, section
from clv_platform.review.app.scene import Page, Scene, Sources
from clv_platform.review.feedback.records import Feedback, FeedbackError
from clv_platform.review.feedback.store import FeedbackStore, open_feedback
from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.queries.filters import read_filters, write_filters
from clv_platform.review.queries.lookup import count_rows, one_row

VERDICTS = {"wrong": "This is wrong", "look": "Look into it", "right": "This is right"}
STATES = {"open": "open", "taken_up": "taken up", "closed": "closed"}
_LONGEST = 10_000


def _controls(scene: Scene) -> list[Any]:
    frame, person = scene.shown, scene.person
    if not person.may("comment"):
        return [note(f"Role {person.role} may look, not comment. Ask for the role reviewer.")]
    kept: dict[str, Any] = {"persistence": f"feedback-{frame.slug}", "persistence_type": "session"}
    labels = list(frame.classes) if frame.kind != "regression" else []
    correction = (
        dmc.Select(
            id="feedback-label",
            label="It should have been (optional)",
            data=labels,
            clearable=True,
            clearButtonProps=CLEAR,
            searchable=len(labels) > 8,
            size="sm",
        )
        if labels
        else dmc.TextInput(id="feedback-label", label="It should have been (optional)", size="sm")
    )
    name = dmc.TextInput(
        id="feedback-author",
        label="Your name",
        persistence="author",
        persistence_type="local",
        size="sm",
        style=None if person.name == "this machine" else {"display": "none"},
    )
    verdict = dmc.RadioGroup(
        dmc.Group([dmc.Radio(label=label, value=value) for value, label in VERDICTS.items()], gap="lg"),
        id="feedback-verdict",
        label="What do you think?",
        value="wrong",
        size="sm",
    )
    return [
        html.Div(
            [
                html.Div(_subject(scene.shown, scene.address), id="feedback-subject"),
                verdict,
                dmc.Textarea(
                    id="feedback-comment",
                    label="Comment",
                    minRows=3,
                    autosize=True,
                    **kept,
                    placeholder="What do you know that the model doesn't? For example: in Germany we changed prices in March.",
                ),
                html.Div([correction, name], className="filters"),
                dmc.Button("Save comment", id="feedback-save"),
                html.Div(id="feedback-told", **marks({"aria-live": "assertive"})),
            ],
            className="feedback-form",
            role="form",
            **marks({"aria-label": "New comment"}),
        )
    ]


def _subject(frame: FrameInfo, address: Address) -> Any:
    """What a comment would be about: a row, the filtered rows, or the whole table."""
    row = _row_of(frame, address)
    if row is not None:
        record = one_row(frame, row)
        account = frame.column_of("account_id")
        name = cell(record[account.name]) if record is not None and account else f"row {row + 1}"
        clear = link("comment on the rows instead", address.with_option("row").href, className="link small")
        return html.P(["You are commenting on one row: ", html.Strong(name), ". ", clear])
    words = filters_words(address.filters, frame)
    if not address.filters:
        return html.P(
            [
                "You are commenting on ",
                html.Strong("the whole table"),
                ". To comment on a group, filter it above; on one account, choose it under Rows.",
            ]
        )
    return html.P(["You are commenting on ", html.Strong(f"{count_rows(frame, address.filters):,} rows where {words}"), "."])


def _row_of(frame: FrameInfo, address: Address) -> int | None:
    wanted = address.option("row")
    return int(wanted) if wanted.isascii() and wanted.isdecimal() and len(wanted) < 12 and int(wanted) < frame.n_rows else None


def _view(scene: Scene) -> Any:
    frame = scene.shown
    said = open_feedback(scene.sources.store).list(frame=frame.slug)
    lead = "Newest first. Marked wrong, a group is checked again on every later model; a corrected outcome may enter training."
    if not said:
        return section("What has been said", html.P("Nothing yet.", className="dim"))
    entries = [html.Li(entry(one, scene.person, frame, scene.address), id={"said": one.id, "part": "entry"}) for one in said]
    return section("What has been said", html.Ul(entries, className="entries"), lead=lead)


def entry(one: Feedback, person: Person, frame: FrameInfo, address: Address) -> list[Any]:
    """One comment with its answer and, for who may, the way to change it."""
    about = _about(one, frame, address)
    facts = f"{one.author} · {moment(one.created_at)} · version {one.version}" + (
        f" · edited {one.edition - 1}×, last by {one.edited_by}" if one.edition > 1 else ""
    )
    parts: list[Any] = [
        html.Div(
            [
                html.Span(VERDICTS.get(one.verdict or "", "Comment"), className=f"tag verdict-{one.verdict}"),
                html.Span(STATES[one.state], className="tag"),
                " ",
                about,
            ]
        ),
        html.Div(one.comment, className="said"),
    ]
    if one.corrected_label:
        parts.append(html.Div(["Should have been: ", html.Strong(one.corrected_label)]))
    if one.answer:
        parts.append(html.Div(["Answer: ", one.answer], className="answer"))
    parts.append(html.Div(facts, className="dim small"))
    if _may_edit(person, one):
        parts.append(_editor(one, person))
    return parts


def _about(one: Feedback, frame: FrameInfo, address: Address) -> Any:
    if one.scope == "row":
        name = one.account_id or f"row {(one.row or 0) + 1}"
        return f"row {name}"
    if one.scope == "frame":
        return "the whole table"
    filters = read_filters(one.filters).filters
    return link(filters_words(filters, frame), address.on("overview").with_filters(filters).href)


def _may_edit(person: Person, one: Feedback) -> bool:
    return person.may("answer") or (person.may("comment") and person.name == one.author)


def _editor(one: Feedback, person: Person) -> Any:
    fields: list[Any] = [
        dmc.Textarea(id={"said": one.id, "field": "comment"}, label="Comment", value=one.comment, autosize=True, minRows=2)
    ]
    if person.may("answer"):
        fields += [
            dmc.Textarea(id={"said": one.id, "field": "answer"}, label="Answer", value=one.answer, autosize=True, minRows=1),
            dmc.Select(
                id={"said": one.id, "field": "state"},
                label="State",
                value=one.state,
                allowDeselect=False,
                size="sm",
                w=180,
                data=[{"value": value, "label": label} for value, label in STATES.items()],
            ),
        ]
    save = [
        dmc.Button("Save", id={"said": one.id, "part": "save"}, size="compact-sm"),
        dcc.Store(id={"said": one.id, "part": "edition"}, data=one.edition),
    ]
    return html.Details([html.Summary("Change or answer" if person.may("answer") else "Change"), *fields, *save])


def register(app: Dash, sources: Sources) -> None:
    """Save new comments and changed ones; what the form is about follows the URL."""
    from clv_platform.review.app.drawing import draw_view, find_frame

    @app.callback(Output("feedback-subject", "children"), Input("url", "search"), State("url", "pathname"), prevent_initial_call=True)
    def _follow(search: str, pathname: str) -> Any:
        address = read_address(pathname, search)
        if address.page != "feedback":
            return no_update
        return _subject(find_frame(sources, address), address)

    @app.callback(
        Output("feedback-told", "children"),
        Output("feedback-comment", "value"),
        Output("view", "children", allow_duplicate=True),
        Input("feedback-save", "n_clicks"),
        State("feedback-verdict", "value"),
        State("feedback-comment", "value"),
        State("feedback-label", "value"),
        State("feedback-author", "value"),
        State("url", "pathname"),
        State("url", "search"),
        prevent_initial_call=True,
        running=[(Output("feedback-save", "disabled"), True, False)],
    )
    def _save(clicks: int | None, verdict: Any, comment: Any, label: Any, author: Any, pathname: str, search: str) -> Any:
        if not clicks:
            return no_update, no_update, no_update
        person, address = current_person(), read_address(pathname, search)
        try:
            new = build_feedback(find_frame(sources, address), address, person, verdict, comment, label, author)
            open_feedback(sources.store).add(new)
        except (FeedbackError, OSError) as error:  # the text stays in the form
            return note(f"Not saved: {error}", "warning"), no_update, no_update
        return note("Saved. Thank you: it is kept with this view."), "", draw_view(sources, address, person)[0]

    @app.callback(
        Output({"said": MATCH, "part": "entry"}, "children"),
        Input({"said": MATCH, "part": "save"}, "n_clicks"),
        State({"said": MATCH, "field": ALL}, "value"),
        State({"said": MATCH, "part": "edition"}, "data"),
        State("url", "pathname"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def _change(clicks: int | None, _values: list[Any], edition: Any, pathname: str, search: str) -> Any:
        if not clicks or ctx.triggered_id is None:
            return no_update
        person, address = current_person(), read_address(pathname, search)
        changes = {str(one["id"]["field"]): one.get("value") for one in ctx.states_list[0]}
        frame, store = find_frame(sources, address), open_feedback(sources.store)
        found = str(ctx.triggered_id["said"])
        try:
            changed = change_feedback(store, found, person, edition, changes)
        except (FeedbackError, OSError) as error:
            return [note(f"Not saved: {error}", "warning"), *entry(store.get(found), person, frame, address)]
        return entry(changed, person, frame, address)


def change_feedback(store: FeedbackStore, found: str, person: Person, edition: Any, changes: Mapping[str, Any]) -> Feedback:
    """Store a new edition of a comment.

    Raises
    ------
    FeedbackError
        When the person may not change it, or somebody else was faster.
    """
    before = store.get(found)
    if not _may_edit(person, before):
        raise FeedbackError("only who wrote a comment, or a publisher, may change it.")
    allowed = ("comment", "answer", "state") if person.may("answer") else ("comment",)
    kept = {part: value.strip()[:_LONGEST] for part, value in changes.items() if part in allowed and isinstance(value, str)}
    if kept.get("state", before.state) not in STATES:
        raise FeedbackError(f"state {kept['state']!r}: expected one of {', '.join(STATES)}.")
    return store.edit(found, person.name, edition if isinstance(edition, int) else before.edition, **kept)


def build_feedback(frame: FrameInfo, address: Address, person: Person, verdict: Any, comment: Any, label: Any, author: Any) -> Feedback:
    """Make feedback of what a form sent.

    Raises
    ------
    FeedbackError
        When the person may not comment, or nothing was said.
    """
    if not person.may("comment"):
        raise FeedbackError(f"role {person.role} may look, not comment. Ask for the role reviewer.")
    text = comment.strip()[:_LONGEST] if isinstance(comment, str) else ""
    corrected = label.strip()[:500] if isinstance(label, str) and label.strip() else None
    if not text and corrected is None:
        raise FeedbackError("write a comment, or say what it should have been.")
    row = _row_of(frame, address)
    name = author.strip()[:80] if person.name == "this machine" and isinstance(author, str) and author.strip() else person.name
    filters = read_filters(write_filters(address.filters), frame).filters
    new = Feedback(
        frame.slug,
        frame.version,
        "slice" if filters else "frame",
        text,
        name,
        verdict if verdict in VERDICTS else None,
        filters=write_filters(filters),
        target=frame.target,
        model_id=frame.model_id,
        corrected_label=corrected,
        as_of_date=frame.as_of_date,
    )
    if row is None:
        if corrected is not None and not filters:
            raise FeedbackError("a correction needs a group of rows or one row: filter above, or choose an account under Rows.")
        return new
    record = one_row(frame, row)
    account, day = frame.column_of("account_id"), frame.column_of("as_of_date")
    of_row = {"account_id": cell(record[account.name]) or None} if record is not None and account else {}
    if record is not None and day:
        of_row["as_of_date"] = cell(record[day.name]) or frame.as_of_date
    return replace(new, scope="row", filters="", row=row, **of_row)


PAGE = Page("feedback", "Feedback", _view, _controls)
