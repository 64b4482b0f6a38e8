"""Converts the core's straight-line C to exact integer formulas for z3, read from the C itself, with side conditions.

It is a small symbolic executor over pycparser's tree. Unsigned C arithmetic becomes integer arithmetic, and every step
that could leave its type adds a side condition. A lemma about the integers plus the proved side conditions is a lemma
about the C. The executor knows the constructs of pace.c and of the times of guard.c (assignments, if, calls, struct
members), and refuses anything else by name: a construct that it does not understand is never taken for proved.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import z3
from pycparser import c_ast, c_parser

from tools.console import Problem
from tools.core.sources import must

BITS = {"uint64_t": 64, "uint32_t": 32, "uint16_t": 16, "uint8_t": 8, "bool": 1, "_Bool": 1}
INT_BITS = 32
Value = Any  # a z3 Int or Bool, or a dict for a struct: z3 has no usable types
Node = Any  # pycparser has none either


def parse(path: Path, include: Path) -> Node:
    """The tree of one C file, preprocessed by the compiler."""
    text = must(["gcc", "-E", "-P", "-std=c11", "-ffreestanding", f"-I{include}", path])
    return c_parser.CParser().parse(text, path.name)


def constants(header: Path) -> dict[str, int]:
    """The numeric #defines of a header."""
    found = re.findall(r"^#define (\w+) (\d+)u?\b", header.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: int(value) for name, value in found}


class Machine:
    """Executes functions of a C file. `conditions` collects the conditions under which the integers equal the C's
    values.

    Machines whose formulas meet in one lemma need different names, so that their quotients are different unknowns.
    """

    def __init__(self, tree: Node, name: str = "") -> None:
        self._name = name
        self.functions = {each.decl.name: each for each in tree.ext if isinstance(each, c_ast.FuncDef)}
        self.types = {each.name: each.type for each in tree.ext if isinstance(each, c_ast.Typedef)}
        self.conditions: list[tuple[str, z3.BoolRef]] = []
        # Assumptions about quotients and remainders.
        self.laws: list[z3.BoolRef] = []
        self._path: list[z3.BoolRef] = []
        self._fresh = 0

    def call(self, name: str, *arguments: Value) -> Value:
        """Return the function's value. Structs passed as dicts are changed in place, as through a pointer."""
        if name not in self.functions:
            raise Problem(f"{name}() is called but not defined in this file: the proofs do not follow it")
        function = self.functions[name]
        parameters = function.decl.type.args.params if function.decl.type.args else []
        frame: dict[str, Value] = {}
        for each, argument in zip(parameters, arguments, strict=True):
            by_value = isinstance(each.type, c_ast.TypeDecl)
            frame[each.name] = self._fit(argument, each.type.type.names[0], each.coord) if by_value else argument
        return self._block(function.body, frame)

    def _block(self, block: Node, frame: dict[str, Value]) -> Value:
        for statement in block.block_items or []:
            if isinstance(statement, c_ast.Return):
                return self._value(statement.expr, frame)
            self._statement(statement, frame)
        return None

    def _statement(self, node: Node, frame: dict[str, Value]) -> None:
        if isinstance(node, c_ast.Decl):
            frame[node.name] = self._initial(node, frame)
        elif isinstance(node, c_ast.Assignment):
            self._assign(node, frame)
        elif isinstance(node, c_ast.If):
            self._branch(node, frame)
        elif isinstance(node, c_ast.Compound):
            if self._block(node, frame) is not None:
                raise Problem("a return inside a branch: the proofs do not follow it")
        elif isinstance(node, c_ast.FuncCall):
            self._value(node, frame)
        elif not isinstance(node, c_ast.EmptyStatement):
            raise Problem(f"the proofs do not follow a {type(node).__name__} statement at {node.coord}")

    def _initial(self, node: Node, frame: dict[str, Value]) -> Value:
        if node.init is None:
            self._fresh += 1
            return z3.Int(f"undefined_{self._fresh}")
        if isinstance(node.init, c_ast.InitList):
            members = self.types[node.type.type.names[0]].type.decls
            return {each.name: self._value(expr, frame) for each, expr in zip(members, node.init.exprs, strict=True)}
        return self._fit(self._value(node.init, frame), node.type.type.names[0], node.coord)

    def _branch(self, node: Node, frame: dict[str, Value]) -> None:
        condition = _truth(self._value(node.cond, frame))
        outcomes = []
        for taken, branch in ((condition, node.iftrue), (z3.Not(condition), node.iffalse)):
            copy = _copy(frame)
            self._path.append(taken)
            if branch is not None:
                self._statement(branch, copy)
            self._path.pop()
            outcomes.append(copy)
        _merge(frame, condition, *outcomes)

    def _assign(self, node: Node, frame: dict[str, Value]) -> None:
        value = self._value(node.rvalue, frame)
        if node.op != "=":
            value = self._binary(node.op[:-1], self._value(node.lvalue, frame), value, node.coord)
        if isinstance(node.lvalue, c_ast.ID):
            frame[node.lvalue.name] = value
        elif isinstance(node.lvalue, c_ast.StructRef):
            self._value(node.lvalue.name, frame)[node.lvalue.field.name] = _copy(value)
        else:
            raise Problem(f"the proofs do not follow an assignment to a {type(node.lvalue).__name__} at {node.coord}")

    def _value(self, node: Node, frame: dict[str, Value]) -> Value:
        if isinstance(node, c_ast.Constant):
            return z3.IntVal(int(re.sub(r"[uUlL]+$", "", node.value), 0))
        if isinstance(node, c_ast.ID):
            return frame[node.name]
        if isinstance(node, c_ast.StructRef):
            return self._value(node.name, frame)[node.field.name]
        if isinstance(node, c_ast.Cast):
            return self._fit(self._value(node.expr, frame), node.to_type.type.type.names[0], node.coord)
        if isinstance(node, c_ast.FuncCall):
            arguments = [self._value(each, frame) for each in (node.args.exprs if node.args else [])]
            return self.call(node.name.name, *arguments)
        if isinstance(node, c_ast.UnaryOp) and node.op == "~":
            return 2**INT_BITS - 1 - self._value(node.expr, frame)
        if isinstance(node, c_ast.UnaryOp) and node.op == "!":
            return z3.Not(_truth(self._value(node.expr, frame)))
        if isinstance(node, c_ast.BinaryOp) and node.op in ("&&", "||"):
            return self._both(node, frame)
        if isinstance(node, c_ast.BinaryOp):
            left = self._value(node.left, frame)
            return self._binary(node.op, left, self._value(node.right, frame), node.coord)
        raise Problem(f"the proofs do not follow a {type(node).__name__} at {getattr(node, 'coord', '?')}")

    def _both(self, node: Node, frame: dict[str, Value]) -> Value:
        # The right side is evaluated only where the left one leaves the result open.
        left = _truth(self._value(node.left, frame))
        self._path.append(left if node.op == "&&" else z3.Not(left))
        right = _truth(self._value(node.right, frame))
        self._path.pop()
        return z3.And(left, right) if node.op == "&&" else z3.Or(left, right)

    def _binary(self, op: str, left: Value, right: Value, where: object) -> Value:
        if op in _COMPARE:
            return _COMPARE[op](left, right)
        if op == ">>":
            return left / 2 ** z3.simplify(right).as_long()
        if op in ("/", "%"):
            self._require(f"no division by zero ({where})", right != 0)
            return self._divide(left, right)[0 if op == "/" else 1]
        if op in _ARITHMETIC:
            # Whether 32 or 64 bits wide, C keeps the low bits. The widest bound is required here, the type's own where
            # the value is stored.
            value = _ARITHMETIC[op](left, right)
            self._require(f"no 64-bit wrap in {op} ({where})", z3.And(value >= 0, value < 2**64))
            return value
        raise Problem(f"the proofs do not follow the operator {op} at {where}")

    def _divide(self, left: Value, right: Value) -> tuple[Value, Value]:
        # By the law of division, which z3 handles better than its own operator.
        self._fresh += 1
        quotient, rest = z3.Ints(f"quotient{self._name}_{self._fresh} rest{self._name}_{self._fresh}")
        law = z3.And(left == quotient * right + rest, rest >= 0, rest < right, quotient >= 0)
        self.laws.append(z3.Implies(right > 0, law))
        return quotient, rest

    def _fit(self, value: Value, kind: str, where: object) -> Value:
        if kind in BITS and BITS[kind] > 1 and not isinstance(value, dict) and z3.is_int(value):
            self._require(f"fits {kind} ({where})", z3.And(value >= 0, value < 2 ** BITS[kind]))
        return value

    def _require(self, what: str, condition: z3.BoolRef) -> None:
        self.conditions.append((what, z3.Implies(z3.And(*self._path), condition)))


_COMPARE: dict[str, Callable[[Value, Value], Value]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_ARITHMETIC: dict[str, Callable[[Value, Value], Value]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
}


def _truth(value: Value) -> Value:
    return value if z3.is_bool(value) else value != 0


def _copy(value: Value) -> Value:
    return {name: _copy(member) for name, member in value.items()} if isinstance(value, dict) else value


def _merge(target: dict[str, Value], condition: Value, yes: dict[str, Value], no: dict[str, Value]) -> None:
    for name, member in target.items():
        if isinstance(member, dict):
            _merge(member, condition, yes[name], no[name])
        elif not yes[name].eq(no[name]):
            target[name] = z3.If(condition, yes[name], no[name])
