"""The pages, their code blocks, and the commands in these."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md")))

# What stands before a block may say which file it is: `folder/file.py`:
_BLOCK = re.compile(
    r"(?:^`(?P<file>\S+)`:\n\n)?^```(?P<language>.*)\n(?P<text>(?s:.*?))^```$", re.M
)


@dataclass(frozen=True)
class Block:
    """A code block.

    Attributes:
        page: its file, below the root.
        line: of its first line of code.
        language: what stands after the backticks.
        text: the code.
        file: that it shows, or "".
    """

    page: str
    line: int
    language: str
    text: str
    file: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[list[str]]:
        """The words of each command, comments left out; ``a && b`` are two commands."""
        found = []
        for line in self.text.replace("\\\n", " ").splitlines():
            lexer = shlex.shlex(line, posix=True, punctuation_chars="&")
            lexer.whitespace_split = True
            words: list[str] = []
            for word in lexer:
                if word == "&&":
                    found.append(words)
                    words = []
                else:
                    words.append(word)
            found += [words] if words else []
        return found


def code_blocks(page: Path) -> list[Block]:
    """List the code blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page.relative_to(ROOT).as_posix(),
            text.count("\n", 0, found.start("text")) + 1,
            found["language"],
            found["text"],
            found["file"] or "",
        )
        for found in _BLOCK.finditer(text)
    ]


BLOCKS = [block for page in PAGES for block in code_blocks(page)]
