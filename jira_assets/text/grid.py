"""Which columns of a table the cells of its rows are in."""

from jira_assets.text.nodes import Attributes, number

_WIDEST_SPAN = 100  # a cell of a billion columns would be a line of as many bars


class Grid:
    """The cells of a table, counted row by row as they are written."""

    __slots__ = ("_below", "column", "columns", "has_header", "header_columns", "header_place")

    def __init__(self, *, has_header: bool) -> None:
        self.has_header = has_header
        self.header_place: int | None = None  # where the separator of header and body will be
        self.header_columns = 0
        self.columns = 0  # of the widest row
        self.column = 0  # in this row, so far
        self._below: dict[int, int] = {}  # rows that a cell above still reaches down to, by column

    def begin_row(self) -> None:
        """The next cell is the first of a row."""
        self.column = 0

    def covered(self) -> int:
        """How many of the next columns belong to cells above; they are stepped over."""
        first, below = self.column, self._below
        while rows := below.get(self.column, 0):
            below[self.column] = rows - 1
            self._step(1)
        return self.column - first

    def finish_row(self) -> int:
        """How many columns there are up to the last one of a cell above, if any is left in this row."""
        left = [column for column, rows in self._below.items() if rows and column >= self.column]
        for column in left:
            self._below[column] -= 1
        columns = max(left) + 1 - self.column if left else 0
        self._step(columns)
        return columns

    def add(self, attributes: Attributes) -> int:
        """Count a cell; gives how many columns it has."""
        columns = min(_span(attributes, "colspan"), _WIDEST_SPAN)
        for column in range(self.column + 1, self.column + columns) if self._below else ():
            if rows := self._below.get(column, 0):  # cells above, on which this one lies
                self._below[column] = rows - 1
        if (rows := _span(attributes, "rowspan")) > 1:
            last = min(self.column + columns, _WIDEST_SPAN)  # or the rows below could be as long as this one
            self._below.update(dict.fromkeys(range(self.column, last), rows - 1))
        self._step(columns)
        return columns

    def _step(self, columns: int) -> None:
        self.column += columns
        if self.column > self.columns:
            self.columns = self.column


def _span(attributes: Attributes, name: str) -> int:
    return number(attributes[name], 1, 1_000_000, default=1) if name in attributes else 1
