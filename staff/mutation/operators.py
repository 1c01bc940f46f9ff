"""Changes that numeric code needs and mutmut does not make: operands, calls and statements left out."""

import libcst

__all__ = ["OPERATORS"]


def _an_operand_left_out(node):
    """a * b -> a, b"""
    yield from (node.left, node.right)


def _another_operator(node):
    """a + b -> a * b;  a * b -> a + b;  a / b -> a - b;  a // b -> a * b;  a @ b -> b @ a"""
    swaps = {
        libcst.Add: libcst.Multiply,
        libcst.Subtract: libcst.Divide,
        libcst.Multiply: libcst.Add,
        libcst.Divide: libcst.Subtract,
        libcst.FloorDivide: libcst.Multiply,
    }
    if type(node.operator) in swaps:
        yield node.with_changes(operator=swaps[type(node.operator)]())
    if isinstance(node.operator, libcst.MatrixMultiply):
        yield node.with_changes(left=node.right, right=node.left)


def _a_method_left_out(node):
    """x.sum(axis=0) -> x;  np.sqrt(x) -> x"""
    if isinstance(node.func, libcst.Attribute):
        yield node.func.value
    if len(node.args) == 1 and not node.args[0].star:
        yield node.args[0].value


def _the_other_way(node):
    """a < b -> a > b"""
    swaps = {libcst.LessThan: libcst.GreaterThan, libcst.GreaterThan: libcst.LessThan}
    if type(node.operator) in swaps:
        yield node.with_changes(operator=swaps[type(node.operator)]())


def _one_less(node):
    """2 -> 1"""
    yield libcst.parse_expression(f"({node.evaluated_value - 1})")


def _a_sign_left_out(node):
    """-a -> a"""
    yield node.expression


def _a_statement_left_out(node):
    """loss += penalty -> pass"""
    yield node.with_changes(body=[libcst.Pass()])


def _an_index_left_out(node):
    """x[i] -> x"""
    yield node.value


OPERATORS = (
    (libcst.BinaryOperation, _an_operand_left_out),
    (libcst.BinaryOperation, _another_operator),
    (libcst.Call, _a_method_left_out),
    (libcst.ComparisonTarget, _the_other_way),
    (libcst.BaseNumber, _one_less),
    (libcst.UnaryOperation, _a_sign_left_out),
    (libcst.SimpleStatementLine, _a_statement_left_out),
    (libcst.Subscript, _an_index_left_out),
)
