"""What a person is told, in English, and what it is made of: so it can be said in the person's own language.

Pure, and no language but English is known here: ``bot/speech.py`` says a phrase in another one.
"""

from collections.abc import Mapping, Sequence


class Phrase(str):
    """English words for a person. ``template`` has a place ``{name}`` for each of ``values``, which are never read as
    templates themselves, whatever a stranger wrote into them; without values nothing is a place.

    Of a count, ``one`` is its template for one, else empty, and ``values`` has it as ``n``.
    """

    __slots__ = ("one", "template", "values")

    one: str
    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, /, **values: object) -> "Phrase":
        """``Phrase("{name} is out", name=name)``. A value may be a phrase."""
        self = super().__new__(cls, template.format_map(values) if values else template)
        self.one, self.template, self.values = "", template, values
        return self

    @classmethod
    def counted(cls, one: str, many: str, n: int, /, **values: object) -> "Phrase":
        """``Phrase.counted("{n} link", "{n} links", len(links))``."""
        self = cls(one if n == 1 else many, n=n, **values)
        self.one, self.template = one, many
        return self

    @classmethod
    def joined(cls, parts: Sequence[str], between: str = ", ") -> "Phrase":
        """Several in a row. ``between`` is said as it is; so is a part that is no phrase."""
        values = {f"part{n}": part for n, part in enumerate(parts)}
        return cls(between.join(f"{{{name}}}" for name in values), **values)
