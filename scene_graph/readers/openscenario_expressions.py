"""Parameters and arithmetic in the attributes of OpenSCENARIO files: `$name` and `${$a * 2 + 1}`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

__all__ = ["evaluated", "substituted"]

_MAX_LENGTH = 500
_MAX_DEPTH = 20
_TOKEN = re.compile(
    r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|(\$?[A-Za-z_]\w*)|(&&|\|\||[=!<>]=|\S))"
)
_PRECEDENCE = (("or", "||"), ("and", "&&"), ("==", "!="), ("<", ">", "<=", ">="), ("+", "-"), ("*", "/", "%"))
_CONSTANTS = MappingProxyType({"pi": math.pi, "e": math.e, "true": 1.0, "false": 0.0})
_OPERATORS: Mapping[str, Callable[[float, float], float]] = MappingProxyType(
    {
        "or": lambda a, b: float(bool(a) or bool(b)),
        "and": lambda a, b: float(bool(a) and bool(b)),
        "==": lambda a, b: float(a == b),
        "!=": lambda a, b: float(a != b),
        "<": lambda a, b: float(a < b),
        ">": lambda a, b: float(a > b),
        "<=": lambda a, b: float(a <= b),
        ">=": lambda a, b: float(a >= b),
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
        "%": math.fmod,
    }
)
_FUNCTIONS: Mapping[str, tuple[int, Callable[..., float]]] = MappingProxyType(
    {
        "abs": (1, abs),
        "acos": (1, math.acos),
        "asin": (1, math.asin),
        "atan": (1, math.atan),
        "atan2": (2, math.atan2),
        "ceil": (1, math.ceil),
        "cos": (1, math.cos),
        "exp": (1, math.exp),
        "floor": (1, math.floor),
        "ln": (1, math.log),
        "log": (1, math.log10),
        "max": (2, max),
        "min": (2, min),
        "pow": (2, math.pow),
        "round": (1, lambda value: math.floor(value + 0.5)),
        "sign": (1, lambda value: math.copysign(1.0, value) if value else 0.0),
        "sin": (1, math.sin),
        "sqrt": (1, math.sqrt),
        "tan": (1, math.tan),
    }
)


def substituted(text: str, parameters: Mapping[str, str]) -> str:
    """An attribute's value: `$name` is a parameter's, `${...}` that of the expression, else the text itself.

    Raises:
        ValueError: a parameter is not declared, or an expression is none.
    """
    stripped = text.strip()
    if stripped.startswith("${") and stripped.endswith("}"):
        return repr(evaluated(stripped[2:-1], parameters))
    if stripped.startswith("$") and len(stripped) > 1:
        return _parameter(stripped[1:], parameters)
    return text


def evaluated(expression: str, parameters: Mapping[str, str]) -> float:
    """The number that an expression has; truth is 1, falsehood 0.

    Only numbers, parameters, the usual operators and a fixed list of functions are known: nothing is run.

    Raises:
        ValueError: it is no such expression, or has no finite value.
    """
    if len(expression) > _MAX_LENGTH:
        raise ValueError(f"the expression {expression[:40]!r}... is longer than {_MAX_LENGTH} characters")
    try:
        value = _Parser(expression, parameters).value()
    except (ArithmeticError, ValueError) as error:
        raise ValueError(f"the expression {expression[:60]!r} cannot be evaluated: {error}") from error
    if not math.isfinite(value):
        raise ValueError(f"the expression {expression[:60]!r} has the value {value}; expected a finite number")
    return value


def _parameter(name: str, parameters: Mapping[str, str]) -> str:
    if name not in parameters:
        raise ValueError(f"the parameter {name[:40]!r} is not declared")
    return parameters[name]


class _Parser:
    """Reads an expression from left to right by the precedence of its operators."""

    def __init__(self, expression: str, parameters: Mapping[str, str]) -> None:
        self._tokens = [match.group(1, 2, 3) for match in _TOKEN.finditer(expression.strip())]
        self._parameters = parameters
        self._at = 0
        self._depth = 0

    def value(self) -> float:
        """The value of the whole expression."""
        value = self._binary(0)
        if self._at < len(self._tokens):
            raise ValueError(f"{self._text()!r} is left over")
        return value

    def _binary(self, level: int) -> float:
        """A chain of operators of one precedence, from left to right."""
        if level == len(_PRECEDENCE):
            return self._unary()
        value = self._binary(level + 1)
        while self._text() in _PRECEDENCE[level]:
            operator = {"||": "or", "&&": "and"}.get(self._text(), self._text())
            self._at += 1
            value = _OPERATORS[operator](value, self._binary(level + 1))
        return value

    def _unary(self) -> float:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ValueError("it is nested too deeply")
        sign = self._text()
        if sign in ("-", "+", "!", "not"):
            self._at += 1
            operand = self._unary()
            value = -operand if sign == "-" else operand if sign == "+" else float(not operand)
        else:
            value = self._power()
        self._depth -= 1
        return value

    def _power(self) -> float:
        base = self._primary()
        if self._text() == "^":
            self._at += 1
            return math.pow(base, self._unary())
        return base

    def _primary(self) -> float:
        if self._at >= len(self._tokens):
            raise ValueError("it ends early")
        number, name, symbol = self._tokens[self._at]
        self._at += 1
        if number is not None:
            return float(number)
        if symbol == "(":
            value = self._binary(0)
            self._expect(")")
            return value
        if name is None:
            raise ValueError(f"{symbol!r} is not known")
        if name.startswith("$"):
            text = _parameter(name[1:], self._parameters)
            return _CONSTANTS[text.lower()] if text.lower() in ("true", "false") else float(text)
        if name.lower() in _FUNCTIONS and self._text() == "(":
            return self._call(name.lower())
        if name.lower() in _CONSTANTS:
            return _CONSTANTS[name.lower()]
        raise ValueError(f"{name!r} is not known")

    def _call(self, name: str) -> float:
        count, function = _FUNCTIONS[name]
        self._expect("(")
        arguments = [self._binary(0)]
        while self._text() == ",":
            self._at += 1
            arguments.append(self._binary(0))
        self._expect(")")
        if len(arguments) != count:
            raise ValueError(f"{name} takes {count} numbers, received {len(arguments)}")
        return float(function(*arguments))

    def _expect(self, symbol: str) -> None:
        if self._text() != symbol:
            raise ValueError(f"expected {symbol!r}, received {self._text()!r}")
        self._at += 1

    def _text(self) -> str:
        """The next token, "" at the end."""
        if self._at >= len(self._tokens):
            return ""
        return next(part for part in self._tokens[self._at] if part is not None)
