"""All messages that users see, read from the source: errors, hints, warnings, lines on stderr.

    python tests/support/messages.py    # writes tests/messages.txt

A change of wording is thereby one diff to review. Tests elsewhere assert classes, codes and the
values that a message names.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "unispeech"
GOLDEN = ROOT / "tests" / "messages.txt"
ROOTS = {"UnispeechError", "ClickException", "UsageError", "BadParameter", "ValueError"}
"""Classes whose messages users see, theirs and those of the classes made from them."""
SPOKEN = {"warn", "warnings.append"}
"""Functions that show a line to the user; in `cli/` there is `notify` too."""
NOT_TEXT = {"code", "option", "param", "headers", "ctx"}
"""Arguments of errors that are for programs."""


def collect() -> str:
    """Each file with its messages, in the order of the alphabet."""
    trees = {path: ast.parse(path.read_text()) for path in sorted(SOURCE.rglob("*.py"))}
    shown = error_classes(trees.values()) | SPOKEN
    blocks = []
    for path, tree in trees.items():
        file = path.relative_to(SOURCE)
        notices = {"notify"} if file.parts[0] == "cli" else set()
        found = sorted(set(messages(tree, shown | notices)))
        if found:
            blocks.append("\n".join([str(file), *found]))
    return "\n\n".join(blocks) + "\n"


def error_classes(trees: Iterable[ast.Module]) -> set[str]:
    """The names of `ROOTS` and of every class in the source that is made from one of them."""
    bases = {
        node.name: {_called(base) for base in node.bases}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    known = set(ROOTS)
    while more := {name for name, of in bases.items() if of & known} - known:
        known |= more
    return known


def messages(tree: ast.Module, shown: set[str]) -> Iterator[str]:
    constants = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for owner, call in _calls(tree):
        name = _called(call.func)
        if name == "super().__init__":
            name = owner
        if name not in shown:
            continue
        named = [k.value for k in call.keywords if k.arg not in NOT_TEXT]
        texts = [_text(one, constants) for one in (*call.args, *named)]
        if any(is_literal and text for text, is_literal in texts):
            yield f"    {name}: " + "; ".join(text for text, _ in texts if text)


def _calls(tree: ast.AST, owner: str = "") -> Iterator[tuple[str, ast.Call]]:
    """Every call, and the class that it is written in."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call):
            yield owner, node
        yield from _calls(node, node.name if isinstance(node, ast.ClassDef) else owner)


def _called(function: ast.expr) -> str:
    """The last part of a dotted name; two parts where the last says too little."""
    dotted = ast.unparse(function)
    last = dotted.rpartition(".")[2]
    return ".".join(dotted.split(".")[-2:]) if last in ("append", "__init__") else last


def _text(node: ast.expr, constants: dict[str, ast.expr]) -> tuple[str, bool]:
    """A message with `{}` around what is filled in, and whether any of it is written down."""
    if isinstance(node, ast.Constant):
        return (node.value, True) if isinstance(node.value, str) else ("", False)
    if isinstance(node, ast.JoinedStr):
        return "".join(_part(part, constants) for part in node.values), True
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = (_text(side, constants) for side in (node.left, node.right))
        return left[0] + right[0], left[1] or right[1]
    if isinstance(node, ast.IfExp):
        ways = [_text(way, constants) for way in (node.body, node.orelse)]
        return f"[{ways[0][0]}|{ways[1][0]}]", ways[0][1] or ways[1][1]
    if isinstance(node, ast.Name) and isinstance(constants.get(node.id), ast.Constant):
        return _text(constants[node.id], constants)
    return "{" + ast.unparse(node) + "}", False


def _part(node: ast.expr, constants: dict[str, ast.expr]) -> str:
    """A piece of an f-string; constants of the module are filled in."""
    if isinstance(node, ast.FormattedValue):
        value = node.value
        if isinstance(value, ast.Name) and isinstance(constants.get(value.id), ast.Constant):
            return str(ast.literal_eval(constants[value.id]))
        return ast.unparse(ast.JoinedStr([node]))[2:-1]
    return _text(node, constants)[0]


if __name__ == "__main__":
    GOLDEN.write_text(collect(), encoding="utf-8")
