"""A query on the columns of a table, as ``--controls`` takes it: a small grammar, parsed and never executed.

``group == 'control' and age > 18``: comparisons (``== != < <= > >= in not in``) of a column with numbers,
quoted texts or lists of them, joined by ``and``, ``or``, ``not`` and parentheses; a column whose name
holds other signs stands in backticks. pandas' ``query`` is not used because it evaluates expressions.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bidsapp.bids.listing import closest
from bidsapp.errors import UsageError

Row = Mapping[str, str | float]
Operand = str | float | tuple[str | float, ...] | None

LONGEST = 1000
_ORDER: Mapping[type[ast.cmpop], Callable[[str | float, str | float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_QUOTED = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Query:
    """A parsed query; call :meth:`admits` on each row."""

    text: str
    tree: ast.expr
    columns: Mapping[str, str]

    def admits(self, row: Row) -> bool:
        """Say whether a row fulfils the query; a comparison with a gap is false, whatever it says.

        Raises
        ------
        UsageError
            A text is compared with a number by order.
        """
        return self._truth(self.tree, row)

    def _truth(self, node: ast.expr, row: Row) -> bool:
        if isinstance(node, ast.BoolOp):
            parts = (self._truth(item, row) for item in node.values)
            return all(parts) if isinstance(node.op, ast.And) else any(parts)
        if isinstance(node, ast.UnaryOp):
            return not self._truth(node.operand, row)
        if not isinstance(node, ast.Compare):
            raise TypeError("a parsed query holds only what was checked")
        sides = [self._operand(side, row) for side in (node.left, *node.comparators)]
        pairs = zip(sides, node.ops, sides[1:], strict=False)
        return all(self._compare(how, left, right) for left, how, right in pairs)

    def _compare(self, how: ast.cmpop, left: Operand, right: Operand) -> bool:
        if left is None or right is None:
            return False
        if isinstance(how, ast.In | ast.NotIn):
            inside = left in right if isinstance(right, tuple) else left == right
            return inside == isinstance(how, ast.In)
        if isinstance(how, ast.Eq | ast.NotEq):
            return (left == right) == isinstance(how, ast.Eq)
        if (
            isinstance(left, tuple)
            or isinstance(right, tuple)
            or isinstance(left, str) != isinstance(right, str)
        ):
            raise UsageError(f"Query '{self.text}': {left!r} and {right!r} have no order.")
        return _ORDER[type(how)](left, right)

    def _operand(self, node: ast.expr, row: Row) -> Operand:
        if isinstance(node, ast.Name):
            return row.get(self.columns[node.id])
        return _constant(node)


def parse_query(text: str) -> Query:
    """Parse a query.

    Raises
    ------
    UsageError
        It is too long, or not of the grammar above.
    """
    if len(text) > LONGEST:
        raise UsageError(f"Query '{text[:40]}...' is longer than {LONGEST} characters.")
    columns: dict[str, str] = {}

    def rename(match: re.Match[str]) -> str:
        name = f"_column_{len(columns)}"
        columns[name] = match[1]
        return name

    try:
        tree = ast.parse(_QUOTED.sub(rename, text.strip()), mode="eval").body
        _check(tree, text)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise UsageError(
            f"Query '{text}' is not understood; write it as in \"group == 'control' and age > 18\"."
        ) from error
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            columns.setdefault(node.id, node.id)
    return Query(text, tree, columns)


def select(rows: Iterable[Row], text: str) -> tuple[bool, ...]:
    """Say for each row whether it fulfils the query.

    Raises
    ------
    UsageError
        The query is wrong, or names a column that no row has.
    """
    query = parse_query(text)
    rows = list(rows)
    known = sorted({name for row in rows for name in row})
    for name in query.columns.values():
        if name not in known:
            raise UsageError(
                f"Query '{text}': there is no column '{name}'; {closest(name, known)} Texts need quotes."
            )
    return tuple(query.admits(row) for row in rows)


def _check(node: ast.expr, text: str) -> None:
    if isinstance(node, ast.BoolOp):
        for item in node.values:
            _check(item, text)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        _check(node.operand, text)
    elif isinstance(node, ast.Compare) and not any(isinstance(how, ast.Is | ast.IsNot) for how in node.ops):
        for side in (node.left, *node.comparators):
            if not isinstance(side, ast.Name):
                _constant(side)
    else:
        raise UsageError(
            f"Query '{text}': '{ast.unparse(node)[:60]}' is no comparison of a column with a value."
        )


def _constant(node: ast.expr) -> str | float | tuple[str | float, ...]:
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return tuple(_scalar(item) for item in node.elts)
    return _scalar(node)


def _scalar(node: ast.expr) -> str | float:
    sign = 1.0
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        sign, node = -1.0, node.operand
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and sign > 0:
            return node.value
        if isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return sign * float(node.value)
    raise UsageError(
        f"'{ast.unparse(node)[:60]}' in a query is neither a column, a number nor a quoted text."
    )
