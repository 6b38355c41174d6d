"""The pictures of the README, as SVG: what Dagster shows of the assets, and what is in the tables."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from html import escape

from dagster import AssetKey

from jira_assets.definitions import defs
from jira_assets.defs.specs import LAYERS
from jira_assets.sandbox.generate import generated_site

_FONT = 'font-family="system-ui, -apple-system, Segoe UI, sans-serif"'
_COLOURS = {"raw": "#d97706", "tables": "#2563eb", "published": "#059669"}
_OTHERS = "#64748b"
_LINE, _WIDTH = 18, 190
# Where each group stands, from left to right; those of a column are below each other.
_COLUMNS = (("source",), ("raw",), ("tables",), ("published", "slas", "fields", "lookups", "health"))
_NEWEST = 1_796_000_000_000  # milliseconds: the picture is the same whenever it is made
_MONTHS, _ISSUES = 24, 2000


def dagster_graph() -> str:
    """The assets by group, with an arrow where one group follows another."""
    graph = defs.resolve_asset_graph()
    groups: dict[str, list[AssetKey]] = defaultdict(list)
    for key in sorted(graph.get_all_asset_keys()):
        groups[graph.get(key).group_name or ""].append(key)
    places: dict[str, tuple[int, int, int]] = {}
    for number, column in enumerate(_COLUMNS):
        x, y = 10 + number * (_WIDTH + 40), 10
        for group in column:
            height = _LINE * (len(_shown(groups[group])) + 1) + 14
            places[group] = (x, y, height)
            y += height + 14
    arrows = {
        (graph.get(parent).group_name or "", group)
        for group, keys in groups.items()
        for key in keys
        for parent in graph.get(key).parent_keys
    } | {("source", "raw"), ("tables", "published")}
    parts = [
        _arrow(places[a], places[b]) for a, b in sorted(arrows) if a != b and places[a][0] < places[b][0]
    ]
    parts += [_group(group, _shown(groups[group]), *places[group]) for group in places]
    width = max(x for x, _, _ in places.values()) + _WIDTH + 10
    return _svg(width, max(y + height for _, y, height in places.values()) + 10, parts)


def _shown(keys: Sequence[AssetKey]) -> list[str]:
    names = [key.to_user_string() for key in keys]
    return names if len(names) <= 11 else [*names[:3], f"and {len(names) - 3} more lists"]


def _group(group: str, names: Sequence[str], x: int, y: int, height: int) -> str:
    colour = _COLOURS.get(group, _OTHERS)
    title = f"{group} · {LAYERS[group]}" if group in LAYERS else group
    lines = [
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{height}" rx="8" fill="#fff" stroke="{colour}"/>',
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="20" rx="8" fill="{colour}"/>',
        f'<text x="{x + 10}" y="{y + 14}" font-size="11" fill="#fff">{title}</text>',
    ]
    for number, name in enumerate(names, start=1):
        top = y + 18 + number * _LINE
        lines.append(f'<text x="{x + 10}" y="{top}" font-size="12" fill="#0f172a">{escape(name)}</text>')
    return "".join(lines)


def _arrow(one: tuple[int, int, int], other: tuple[int, int, int]) -> str:
    x, y, height = one
    to_x, to_y, to_height = other
    start, end = (x + _WIDTH, y + height // 2), (to_x - 6, to_y + to_height // 2)
    middle = (start[0] + end[0]) // 2
    path = f"M{start[0]},{start[1]} C{middle},{start[1]} {middle},{end[1]} {end[0]},{end[1]}"
    return f'<path d="{path}" fill="none" stroke="#94a3b8" stroke-width="1.5" marker-end="url(#arrow)"/>'


def issues_by_month() -> str:
    """Issues of the sandbox's site, created by month, and how many of them are open."""
    created: Counter[str] = Counter()
    still_open: Counter[str] = Counter()
    site = generated_site(_ISSUES, now=_NEWEST)
    for issue in site:
        fields = site.get(str(issue.id))["fields"]
        month = fields["created"][:7]
        created[month] += 1
        still_open[month] += fields["status"]["statusCategory"]["key"] != "done"
    months = sorted(created)[-_MONTHS:]
    scale, base, width = 150 / max(created[month] for month in months), 190, 30
    parts = [
        '<text x="20" y="22" font-size="13" font-weight="600" fill="#0f172a">Issues created by month</text>',
        '<text x="226" y="22" font-size="12" fill="#2563eb">done</text>',
        '<text x="268" y="22" font-size="12" fill="#d97706">open</text>',
    ]
    for number, month in enumerate(months):
        x = 20 + number * width
        height, opened = round(created[month] * scale), round(still_open[month] * scale)
        parts.append(
            _bar(x, base - height, height - opened, "#2563eb") + _bar(x, base - opened, opened, "#d97706")
        )
        if number % 4 == 0:
            parts.append(f'<text x="{x}" y="{base + 16}" font-size="11" fill="#64748b">{month}</text>')
    return _svg(40 + len(months) * width, base + 28, parts)


def _bar(x: int, y: int, height: int, colour: str) -> str:
    return f'<rect x="{x}" y="{y}" width="22" height="{height}" fill="{colour}"/>'


def _svg(width: int, height: int, parts: Sequence[str]) -> str:
    marker = (
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#94a3b8"/></marker></defs>'
    )
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" {_FONT}>\n<rect width="{width}" height="{height}" fill="#f8fafc"/>\n'
        f"{marker}\n{body}\n</svg>\n"
    )
