"""Compare: two versions of a frame, or two frames, on the rows that both have; in all and by a column."""

from __future__ import annotations

import math
from typing import Any

from dash import html

from clv_platform.review.app.formats import column_label, interval, number
from clv_platform.review.app.parts import marks, note, plain_table, section, select
from clv_platform.review.app.scene import Page, Scene
from clv_platform.review.frames.catalogue import list_frames, list_versions, read_frame_info
from clv_platform.review.frames.info import FrameInfo
from clv_platform.review.queries.compare import are_alike, compare, compare_by
from clv_platform.review.queries.menus import breakdown_columns, metric_choices
from clv_platform.review.queries.results import Comparison


def _others(scene: Scene) -> list[FrameInfo]:
    """Other versions of this frame, newest first, then other frames that ask the same."""
    frame = scene.shown
    versions = [one for one in list_versions(scene.sources.store, frame.slug) if one.version != frame.version]
    return versions + [one for one in list_frames(scene.sources.store) if one.slug != frame.slug and are_alike(one, frame)]


def _key(frame: FrameInfo) -> str:
    return f"{frame.slug}.{frame.version}"


def _chosen(scene: Scene) -> FrameInfo | None:
    wanted = scene.address.option("with")
    others = _others(scene)
    found = next((one for one in others if _key(one) == wanted), None)
    if found is None and wanted:
        slug, _, version = wanted.rpartition(".")
        return read_frame_info(scene.sources.store, slug, int(version) if version.isdecimal() else None)
    return found or (others[0] if others else None)


def _controls(scene: Scene) -> list[Any]:
    others, chosen = _others(scene), _chosen(scene)
    if chosen is None:
        return []
    frame = scene.shown
    data = [
        {"value": _key(one), "label": f"version {one.version}" if one.slug == frame.slug else f"{one.name} (version {one.version})"}
        for one in others
    ]
    columns = [{"value": c.name, "label": column_label(c)} for c in breakdown_columns(frame)]
    metrics = [{"value": m.name, "label": m.label} for m in metric_choices(frame) if m.better != "none"]
    return [
        select("with", f"Version {frame.version} against", data, _key(chosen)),
        select("metric", "By group: show", metrics, _metric(scene)),
        select("by", "by", columns, scene.address.option("by") or None, allowDeselect=True, clearable=True, placeholder="no groups"),
    ]


def _metric(scene: Scene) -> str:
    names = [m.name for m in metric_choices(scene.shown) if m.better != "none"]
    wanted = scene.address.option("metric")
    return wanted if wanted in names else names[0]


def _view(scene: Scene) -> Any:
    other = _chosen(scene)
    if other is None:
        return note("There is nothing to compare with yet: publish a new version under the same name, or another table of the same kind.")
    frame, filters = scene.shown, scene.address.filters
    # The older one is "before", so that a rise reads as a rise.
    a, b = (other, frame) if (other.published_at <= frame.published_at) else (frame, other)
    found = compare(a, b, filters)
    names = (_name(a, frame), _name(b, frame))
    parts = [section("Side by side", _table(found, names), lead=found.note)]
    by = scene.address.option("by")
    if any(column.name == by for column in breakdown_columns(frame)):
        metric = next(m for m in metric_choices(frame) if m.name == _metric(scene))
        table = compare_by(a, b, filters, by, metric.name)
        label = column_label(frame.column(by))
        table = table.assign(
            span=[interval(lo, hi, metric.shown_as) for lo, hi in zip(table["lo"], table["hi"], strict=True)],
            change=[_signed(difference, metric.shown_as) for difference in table["difference"]],
            verdict=[_coloured(_verdict(r["difference"], r["lo"], r["hi"], metric.better)) for r in table.to_dict("records")],
        )
        heads = {"level": label, "n": "rows", "a": names[0], "b": names[1], "change": "change", "span": "95 % sure", "verdict": ""}
        shown = {name: lambda v: number(v, metric.shown_as) for name in ("a", "b")} | {"n": lambda v: f"{v:,.0f}", "verdict": lambda v: v}
        parts.append(section(f"{metric.label} by {label}", plain_table(table, heads, shown, f"{metric.label} by {label}")))
    return parts


def _name(one: FrameInfo, frame: FrameInfo) -> str:
    return f"version {one.version}" if one.slug == frame.slug else f"{one.name}, version {one.version}"


def _table(found: Comparison, names: tuple[str, str]) -> Any:
    rows = []
    for r in found.table.to_dict("records"):
        shown = str(r["shown_as"])
        verdict = _verdict(r["difference"], r["lo"], r["hi"], str(r["better"]))
        rows.append(
            html.Tr(
                [
                    html.Th(r["label"], scope="row"),
                    html.Td(number(r["a"], shown), className="num"),
                    html.Td(number(r["b"], shown), className="num"),
                    html.Td(_signed(r["difference"], shown), className="num"),
                    html.Td(interval(r["lo"], r["hi"], shown), className="num dim"),
                    html.Td(verdict, className="worse" if verdict.endswith("worse") else "better" if verdict else ""),
                ]
            )
        )
    heads = ("", *names, "change", "95 % sure", "")
    head = html.Thead(html.Tr([html.Th(text, scope="col", className="num" if 0 < i < 5 else "") for i, text in enumerate(heads)]))
    return html.Div(
        html.Table([head, html.Tbody(rows)], className="plain"),
        className="scroll",
        tabIndex=0,
        role="region",
        **marks({"aria-label": "comparison"}),
    )


def _signed(value: float, shown_as: str) -> str:
    if value is None or not math.isfinite(value):
        return "–"
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return f"{sign}{100 * abs(value):.1f} points" if shown_as == "share" else sign + number(abs(value), shown_as)


def _coloured(verdict: str) -> Any:
    return html.Span(verdict, className="worse" if verdict.endswith("worse") else "better" if verdict else "")


def _verdict(difference: float, lo: float, hi: float, better: str) -> str:
    """better or worse where the interval leaves out no change; else nothing is said."""
    if not (math.isfinite(lo) and math.isfinite(hi)) or lo <= 0 <= hi or better not in ("higher", "lower"):
        return ""
    return "▲ better" if (difference > 0) == (better == "higher") else "▼ worse"


PAGE = Page("compare", "Compare", _view, _controls)
