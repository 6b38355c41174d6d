"""Tables: in Markdown with a header, its separator, and cells in the columns that they belong to."""

from functools import partial

from jira_assets.text.context import Context, End
from jira_assets.text.grid import Grid
from jira_assets.text.nodes import Node, attributes_of, children_of


def table(context: Context, node: Node) -> End:
    """A table. One without a row of headers gets an empty one in Markdown, which knows no other tables."""
    outside = context.grid
    context.lines.end(2)
    context.grid = grid = Grid(has_header=_begins_with_headers(node))

    def end() -> None:
        _separate(context, grid)
        context.grid = outside
        context.end_block()

    return end


def _begins_with_headers(node: Node) -> bool:
    rows = children_of(node)
    cells = children_of(rows[0]) if rows else []
    return all(cell.get("type") == "tableHeader" for cell in cells)


def _separate(context: Context, grid: Grid) -> None:
    if grid.header_place is not None:
        header = "  |" * (grid.columns - grid.header_columns)
        if not grid.has_header:
            header = "|" + header
        separator = f"\n{context.lines.prefix}|" + " --- |" * grid.columns
        context.lines.fill(grid.header_place, header + separator)


def row(context: Context, _node: Node) -> End:
    """A row: whatever is in it, it is one line."""
    context.lines.end(1)
    grid = _grid(context)
    grid.begin_row()
    return partial(_end_row, context, grid)


def _grid(context: Context) -> Grid:
    if context.grid is None:
        context.grid = Grid(has_header=True)  # rows without a table
    return context.grid


def _end_row(context: Context, grid: Grid) -> None:
    begin = "" if grid.column else "|"  # a row without cells is one if cells above reach into it
    covered = grid.finish_row()
    if grid.column and context.markdown:
        context.lines.write(begin + "  |" * covered)
        if grid.has_header and _needs_separator(context, grid):
            grid.header_columns = grid.columns
            grid.header_place = context.lines.reserve()
    context.end_block()


def _needs_separator(context: Context, grid: Grid) -> bool:
    return grid.header_place is None and not context.lines.on_one_line


def cell(context: Context, node: Node) -> End:
    """A cell. One of several columns or rows is followed or stood in for by empty ones in Markdown."""
    grid, lines = _grid(context), context.lines
    begin, finish = "" if grid.column else "|", "|"
    if context.markdown:
        if begin and not grid.has_header and _needs_separator(context, grid):
            grid.header_place = lines.reserve()
            lines.end(1)
        begin += "  |" * grid.covered() + " "
        finish = " |" + "  |" * (grid.add(attributes_of(node)) - 1)
    else:
        grid.add({})
    lines.write(begin)
    in_line, context.in_line = context.in_line, False
    outside = lines.open_cell()

    def end() -> None:
        lines.close_cell(outside)
        lines.write(finish)
        context.in_line = in_line

    return end
