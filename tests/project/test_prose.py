"""Prose of the source: how docstrings begin, and variable names that say too little."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from support.samples import ROOT

SOURCE = ROOT / "src" / "unispeech"
QUESTION = re.compile(r"(What|Whether|How|Where|Who|Which)\b")
"""Beginnings of docstrings that describe a thing by a clause instead of naming it."""
VAGUE = frozenset({"said", "told", "heard", "given", "one"})
ALLOWED = {
    "backends/whisper/openvino_graph.py:one": "the number 1 as a constant of the graph",
}
"""Allowed uses of the vague names, as `module.py:name`, each with the reason."""


def test_public_docstrings_begin_with_a_noun_or_a_verb() -> None:
    questions = [
        f"{path.relative_to(SOURCE)}:{line}: {text.splitlines()[0]}"
        for path, tree in _trees()
        for line, text in _public_docstrings(tree)
        if QUESTION.match(text)
    ]
    assert not questions, "\n".join(questions)


def test_variables_have_telling_names() -> None:
    uses = {
        f"{path.relative_to(SOURCE).as_posix()}:{name}"
        for path, tree in _trees()
        for name in _bound_names(tree)
        if name in VAGUE
    }
    assert uses - ALLOWED.keys() == set()
    assert ALLOWED.keys() - uses == set(), "no longer needed"


def test_the_checks_find_what_they_look_for() -> None:
    tree = ast.parse(
        '"""Where it is."""\n'
        "class Thing:\n"
        '    """What it is."""\n'
        "    size: int\n"
        '    """Whether it is large."""\n'
        "    def _hidden(self, told):\n"
        '        """Who is it."""\n'
        "        return [one for one in told if (said := one)]\n"
    )
    assert [text for _, text in _public_docstrings(tree) if QUESTION.match(text)] == [
        "Where it is.", "What it is.", "Whether it is large.",
    ]  # fmt: skip
    assert VAGUE & set(_bound_names(tree)) == {"told", "one", "said"}


def _trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def _public_docstrings(node: ast.AST) -> Iterator[tuple[int, str]]:
    """The docstrings of a module, its classes, functions and attributes, with their lines."""
    body: list[ast.stmt] = getattr(node, "body", [])
    for previous, statement in zip([None, *body], body, strict=False):
        is_first_or_attribute = previous is None or isinstance(previous, ast.Assign | ast.AnnAssign)
        if is_first_or_attribute and isinstance(statement, ast.Expr):
            text = statement.value
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield statement.lineno, text.value.strip()
        if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and (
            not statement.name.startswith("_") or statement.name.startswith("__")
        ):
            yield from _public_docstrings(statement)


def _bound_names(tree: ast.AST) -> Iterator[str]:
    """Names of parameters, and of variables that are assigned or looped over."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
