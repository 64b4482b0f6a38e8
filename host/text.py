"""A text for people that remembers how it was made, so that it can be said in another language where it is shown.

Errors are made deep inside, where nobody knows who will read them. In English they are plain texts, as an API has them;
host/texts/spoken.py says them in French.

Implements: HOST-1
"""

from __future__ import annotations


class Text(str):
    """`template` in English, its blanks filled with `values` and `named`, which may be such texts themselves."""

    template: str
    values: tuple[object, ...]
    named: dict[str, object]

    def __new__(cls, template: str, /, *values: object, **named: object) -> Text:
        """Fill in the blanks. Raises what str.format() raises."""
        self = super().__new__(cls, template.format(*values, **named))
        self.template, self.values, self.named = template, values, named
        return self

    def __str__(self) -> str:
        """The text itself, which str() of an error then returns as it was made."""
        return self
