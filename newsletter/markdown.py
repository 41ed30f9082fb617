"""From strangers' text to Markdown that is safe in a post: escaping, rewriting a message's CommonMark, anchors.

A message is parsed and written anew from a small subset, so nothing a person writes becomes a heading, raw HTML, a
reference definition or a template tag. Pure; what a post looks like is ``render.py`` and its templates.

Blogs run their posts through more than Markdown: Jekyll runs Liquid first, Hugo its shortcodes first, Hexo Nunjucks
last, on HTML. So no ``{`` of a stranger's text is left as it is: it is written ``&#123;``, which none of them reads as
a tag. An entity means nothing inside code; code that holds ``{{``, ``{%`` or ``{#`` is therefore written as text, which
keeps every letter and loses only the typewriter face. (Hugo drops raw HTML, so ``<code>`` of our own is no way out.)
kramdown has syntax beyond CommonMark: ``|`` makes a table, ``{:`` attributes, ``$$`` a formula, ``: `` a definition;
all are escaped, and only by backslashes that kramdown knows as well.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from newsletter import urls


class Markdown(str):
    """Text that is Markdown already and is not escaped again."""

    __slots__ = ()


Names = Callable[[str, str, str], str]
"""What a mention says: (``"person"`` or ``"channel"``, id, label) -> plain text."""


def label_of(_kind: str, _id: str, label: str) -> str:
    """The usual ``Names``: a mention says what its label says."""
    return label


# --- characters ------------------------------------------------------------------------------------------------------

# Controls but tab and line feed; bidi embeddings, overrides and isolates, which reorder the text after them (the marks
# U+200E, U+200F and U+061C reorder nothing and stay); byte order mark, noncharacters, halves of surrogate pairs.
_NEVER = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u206f\ufdd0-\ufdef\ufeff\ufffe\uffff\ud800-\udfff]"
)
_LINE_ENDS = re.compile("\r\n|[\r\x85\u2028\u2029]")


def clean(text: str) -> str:
    """The text without control and bidi control characters; its line ends are ``\\n``. Right-to-left text is kept."""
    return _NEVER.sub("", _LINE_ENDS.sub("\n", text))


def plain(text: str) -> str:
    """The text as one line: clean, every run of white space one space."""
    return " ".join(clean(text).split())


# --- plain text ------------------------------------------------------------------------------------------------------

_MARKUP = re.compile(
    r"""[\\`*\[\]<|~]
    | (?<![^\W_])_ | _(?![^\W_])        # inside a word it is no emphasis
    | \$(?=\$) | (?<=\$)\$              # kramdown's formula
    | &(?=\#?\w+;)                      # an entity
    | :(?=//) | (?<=www)\.              # what GFM would make a link by itself
    """,
    re.VERBOSE | re.IGNORECASE,
)
# At the start of a line: heading, quote, list, rule, underline of a heading, definition, container.
_AT_START = re.compile(r"[#>]|[-+=:](?![^\W_])|\d+(?=[.)](?:\s|$))")


def escape(text: str) -> Markdown:
    """Plain text (a title, a name) as one line of Markdown that says exactly this, wherever in a line it stands."""
    line = plain(text)
    # At the end of a heading they would close it.
    kept = line.rstrip("#")
    return Markdown(_escape(kept, at_start=True) + r"\#" * (len(line) - len(kept)))


def _escape(text: str, *, at_start: bool) -> str:
    start = ""
    if at_start and (marker := _AT_START.match(text)):
        start, text = marker[0], text[marker.end() :]
        start = f"\\{start}" if not start.isdecimal() else f"{start}\\{text[0]}"
        text = text[1:] if marker[0].isdecimal() else text
    escaped = _MARKUP.sub(lambda found: "&amp;" if found[0] == "&" else f"\\{found[0]}", text)
    return start + escaped.replace("{", "&#123;").replace("\xa0", "&#160;")


# --- links -----------------------------------------------------------------------------------------------------------

_ALLOWED = re.compile(r"(?:https?://|mailto:)\S", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_ENTITY = re.compile(r"&(?=#?\w+;)")


def target(url: str) -> Markdown:
    """An address as a link's target, to stand in ``(…)``; nothing in it can end the link.

    Only what no address may hold (RFC 3986: spaces, ``<>"{}|\\^```, controls) is percent-encoded, so signed links stay
    whole; unbalanced parentheses are wrapped in ``<…>``.
    """
    encoded = "".join(_percent(letter) if _is_no_url(letter) else letter for letter in clean(url).strip())
    encoded = _ENTITY.sub("&amp;", encoded)
    return Markdown(encoded if encoded and _balanced(encoded) else f"<{encoded}>")


def link(label: str, url: str) -> Markdown:
    """``[label](url)``; a label that is ``Markdown`` is taken as it is.

    An address that is neither http, https nor mailto gives the label alone.
    """
    text = label if isinstance(label, Markdown) else escape(label)
    if not _ALLOWED.match(clean(url).strip()):
        return Markdown(text)
    return Markdown(f"[{text or escape(url)}]({target(url)})")


def _is_no_url(letter: str) -> bool:
    return letter in '<>"{}|\\^`' or letter.isspace() or not letter.isprintable()


def _percent(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode())


def _balanced(url: str) -> bool:
    depth = 0
    for letter in url:
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return False
    return depth == 0


# --- anchors ---------------------------------------------------------------------------------------------------------

# What GitHub keeps: Unicode's word characters. The circled letters are symbols with the property Other_Alphabetic.
_WORD = frozenset(["Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "Pc"])
_CIRCLED = [(0x24B6, 0x24E9), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189)]


def slug(heading: str, taken: dict[str, int]) -> str:
    """The anchor GitHub gives a heading with this rendered text; ``taken`` holds the document's anchors so far.

    As github-slugger 2: lower case, without punctuation, each space a hyphen; the second of a kind gets ``-1``.
    """
    own = "".join(letter for letter in heading.lower() if _in_anchor(letter)).replace(" ", "-")
    anchor = own
    while anchor in taken:
        taken[own] += 1
        anchor = f"{own}-{taken[own]}"
    taken[anchor] = 0
    return anchor


def _in_anchor(letter: str) -> bool:
    return (
        letter in "- "
        or unicodedata.category(letter) in _WORD
        or any(first <= ord(letter) <= last for first, last in _CIRCLED)
    )


# --- a message's CommonMark ------------------------------------------------------------------------------------------

_DEEPEST = 6  # quotes and lists inside each other; below that the text goes on without a further indent
_TEMPLATE_TAG = re.compile(r"\{[{%#]")


class _CommonMark(MarkdownIt):
    """Addresses are judged and written by us, so the parser hands them over as they stand in the text."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
        return True

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - the library's name
        return url


@cache
def _parser() -> MarkdownIt:
    parser = _CommonMark("commonmark", {"html": False, "maxNesting": 100}).enable("strikethrough")
    return parser.disable(["html_block", "html_inline"])


def parse(text: str) -> SyntaxTreeNode:
    """A message's CommonMark as a tree, for a platform that has a markup of its own. HTML in it is plain text."""
    return SyntaxTreeNode(_parser().parse(clean(text)))


def rewrite(words: str, names: Names = label_of, *, by_editor: bool = False, hard: bool = False) -> Markdown:
    """A message's CommonMark as Markdown for a post: paragraphs, breaks, emphasis, code, quotes, lists, links.

    Headings become bold paragraphs, rules vanish, HTML is literal text, images become links, links to anything but
    http, https and mailto their labels, mentions what ``names`` says. ``by_editor``: images stay, and so do links
    within the site. ``hard``: a new line of the chat is written as a hard break, for engines that run lines together
    (Hexo keeps them apart). What is written reads back as what was meant: where letters that came to stand beside
    each other would change the marks around them, those marks are left out.
    """
    tree = parse(words)
    for careful in (False, True):
        written = _Writer(names, by_editor, careful, hard).document(tree)
        if _Writer(label_of, by_editor, careful, hard, bare_links=False).document(parse(written)) == written:
            return Markdown(written)
    paragraphs = to_text(words, names).split("\n\n")
    return Markdown("\n\n".join(escaped for paragraph in paragraphs if (escaped := escape(paragraph))))


def rewrite_as_line(words: str, names: Names = label_of) -> Markdown:
    """A message's CommonMark as one line of Markdown: its paragraphs one after the other, without emphasis."""
    writer = _Writer(names, by_editor=False, careful=True)
    lines = [writer.line(node) for node in parse(words).walk() if node.type in ("inline", "fence", "code_block")]
    return Markdown(" ".join(" ".join(lines).split()))


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes a parsed message.

    ``careful``: without emphasis, lists set loosely; nothing then hangs on neighbours. ``bare_links``: an address in
    the text becomes a link.
    """

    names: Names
    by_editor: bool
    careful: bool
    hard: bool = False
    bare_links: bool = True

    def document(self, tree: SyntaxTreeNode) -> str:
        return "\n\n".join(self._blocks(tree.children, 0))

    def line(self, node: SyntaxTreeNode) -> str:
        return self._inline([node]) if node.type == "inline" else escape(node.content)

    def _blocks(self, nodes: Sequence[SyntaxTreeNode], depth: int) -> list[str]:
        written: list[str] = []
        last_list = marker = ""
        for node in nodes:
            if node.type in ("bullet_list", "ordered_list"):
                # Two lists in a row would read as one if they had the same marks.
                other = last_list == node.type and marker in "-."
                marker = ("*" if other else "-") if node.type == "bullet_list" else (")" if other else ".")
                block = self._list(node, marker, depth)
            else:
                block = self._block(node, depth)
            if block:
                last_list = node.type
                written.append(block)
        return written

    def _block(self, node: SyntaxTreeNode, depth: int) -> str:
        match node.type:
            case "paragraph":
                return self._inline(node.children)
            case "heading":
                text = self._inline(node.children, bold=True)
                return f"**{text}**" if text and not self.careful else text
            case "fence" | "code_block":
                return _code_block(node.content, node.info)
            case "blockquote":
                blocks = self._blocks(node.children, depth + 1)
                return "\n\n".join(blocks) if depth >= _DEEPEST else _quote("\n\n".join(blocks))
            case _:
                return ""

    def _list(self, node: SyntaxTreeNode, marker: str, depth: int) -> str:
        loose = self.careful or any(
            child.type == "paragraph" and not child.hidden for item in node.children for child in item.children
        )
        number = int(node.attrs.get("start", 1))
        if number + len(node.children) > 999_999_999:  # CommonMark's longest
            number = 1
        items: list[str] = []
        for item in node.children:
            text = ("\n\n" if loose else "\n").join(self._blocks(item.children, depth + 1))
            if not text:
                continue
            if depth >= _DEEPEST:
                items.append(text)
                continue
            start = f"{marker} " if node.type == "bullet_list" else f"{number + len(items)}{marker} "
            items.append(start + text.replace("\n", "\n" + " " * len(start)))
        text = ("\n\n" if loose or depth >= _DEEPEST else "\n").join(items)
        return re.sub(r"^ +$", "", text, flags=re.MULTILINE)

    def _inline(self, nodes: Sequence[SyntaxTreeNode], *, bold: bool = False) -> str:
        """One paragraph. Neighbouring plain texts are joined before they are escaped: ``&`` and ``lt;`` may meet."""
        out = ""
        for piece in self._joined(self._pieces(nodes, bold)):
            at_start = not out or out.endswith("\n")
            if not isinstance(piece, Markdown):
                out += _escape(piece.lstrip(" \t") if at_start else piece, at_start=at_start)
                continue
            if piece.endswith("\n"):
                out = out.rstrip(" \t")
            if piece.startswith("[") and out.endswith("!"):
                out = f"{out[:-1]}\\!"
            out += piece
        return out.strip(" \t\n")

    def _joined(self, pieces: Iterable[str]) -> Iterator[str]:
        text = ""
        for piece in (*pieces, Markdown()):
            if isinstance(piece, Markdown):
                yield from _linked(text) if self.bare_links else (text,)
                yield piece
                text = ""
            else:
                text += piece

    def _pieces(self, nodes: Sequence[SyntaxTreeNode], bold: bool, *, in_link: bool = False) -> Iterator[str]:
        """Plain text, which is still to be escaped, and all else as ``Markdown``."""
        for node in nodes:
            match node.type:
                case "inline":
                    yield from self._pieces(node.children, bold, in_link=in_link)
                case "text":
                    yield _one_line(node.content)
                case "softbreak" if not self.hard:
                    yield Markdown("\n")
                case "softbreak" | "hardbreak":
                    # Two spaces, as kramdown knows no backslash here.
                    yield Markdown("  \n")
                case "code_inline":
                    code = _one_line(node.content)
                    yield code if _TEMPLATE_TAG.search(code) else _code_span(code)
                case "em" | "strong" | "s":
                    mark = [Markdown({"em": "*", "strong": "**", "s": "~~"}[node.type])]
                    if self.careful or (bold and node.type == "strong"):
                        mark = []
                    yield from (*mark, *self._pieces(node.children, bold, in_link=in_link), *mark)
                case "link" | "image":
                    yield from self._link(node, bold, in_link)

    def _link(self, node: SyntaxTreeNode, bold: bool, in_link: bool) -> Iterator[str]:
        url = _address(node)
        kind, _, id = url.partition(":")
        label = self._pieces(node.children, bold, in_link=True)
        if kind in ("person", "channel"):
            yield plain(self.names(kind, id, _plain_text(node.children)))
        elif in_link or not self._may_link_to(url):
            yield from label
        elif node.markup == "autolink" and target(url) == url:
            yield Markdown(f"<{url}>")
        else:
            shown = [piece if isinstance(piece, Markdown) else _escape(piece, at_start=False) for piece in label]
            picture = "!" if node.type == "image" and self.by_editor else ""
            yield Markdown(f"{picture}[{''.join(shown).strip() or escape(url)}]({target(url)})")

    def _may_link_to(self, url: str) -> bool:
        return bool(_ALLOWED.match(url) or (self.by_editor and url and not _SCHEME.match(url)))


def _quote(markdown: str) -> str:
    """The Markdown as a quote."""
    return "\n".join(f"> {line}" if line else ">" for line in markdown.split("\n"))


def _address(node: SyntaxTreeNode) -> str:
    return clean(str(node.attrs.get("href") or node.attrs.get("src") or "")).strip()


def _one_line(text: str) -> str:
    """Decoded entities can bring back what ``clean`` took away, and line ends where none can be."""
    return re.sub(r"[\t\n]", " ", clean(text))


def _linked(text: str) -> Iterator[str]:
    """A text with its bare addresses as links: some engines make them links by themselves, some do not."""
    end = 0
    for found in urls.locate(text):
        if found.form == "bare" and text[found.start : found.end] == found.url == target(found.url):
            yield text[end : found.start]
            yield Markdown(f"<{found.url}>")
            end = found.end
    yield text[end:]


def _code_span(code: str) -> Markdown:
    if not code.strip():
        return Markdown()
    ticks = "`" * (_longest_run(code) + 1)
    padded = code[0] == "`" or code[-1] == "`" or (code[0] == code[-1] == " ")
    return Markdown(f"{ticks} {code} {ticks}" if padded else f"{ticks}{code}{ticks}")


def _code_block(code: str, info: str) -> str:
    code = clean(code).rstrip("\n")
    if not code.strip():
        return ""
    if _TEMPLATE_TAG.search(code):
        return _typed_out(code)
    ticks = "`" * max(3, _longest_run(code) + 1)
    language = re.match(r"[\w.+#-]{0,30}(?!\S)", info, re.ASCII)
    return f"{ticks}{language[0] if language else ''}\n{code}\n{ticks}"


def _typed_out(code: str) -> str:
    """Code as text: one line per line, its indent kept by no-break spaces."""
    paragraphs: list[list[str]] = [[]]
    for line in code.expandtabs(4).split("\n"):
        text = line.strip()
        if not text:
            paragraphs.append([])
            continue
        indent = "&#160;" * (len(line) - len(line.lstrip()))
        paragraphs[-1].append(indent + _escape(text, at_start=not indent))
    return "\n\n".join("  \n".join(lines) for lines in paragraphs if lines)


def _longest_run(code: str) -> int:
    return max((len(run) for run in re.findall("`+", code)), default=0)


# --- a message as plain text -----------------------------------------------------------------------------------------


def to_text(words: str, names: Names = label_of) -> str:
    """A message's CommonMark as plain text for a terminal: blocks apart by empty lines, links with their addresses."""
    return "\n\n".join(_text_blocks(parse(words).children, names))


def _text_blocks(nodes: Sequence[SyntaxTreeNode], names: Names) -> Iterator[str]:
    for node in nodes:
        if node.type in ("paragraph", "heading"):
            text = _plain_text(node.children, names)
        elif node.type in ("fence", "code_block"):
            text = clean(node.content).rstrip("\n")
        else:
            mark = "> " if node.type == "blockquote" else "- " if node.type == "list_item" else ""
            separator = "\n" if node.type in ("bullet_list", "ordered_list") else "\n\n"
            inner = separator.join(_text_blocks(node.children, names))
            text = mark + inner.replace("\n", "\n" + " " * len(mark)) if inner else ""
        if text.strip():
            yield text


def _plain_text(nodes: Sequence[SyntaxTreeNode], names: Names | None = None) -> str:
    """The words of a line; with ``names``, links show their addresses and mentions what ``names`` says."""
    out = ""
    for node in nodes:
        if node.type in ("text", "code_inline"):
            out += _one_line(node.content)
        elif node.type in ("softbreak", "hardbreak"):
            out = out.rstrip() + "\n"
        elif names is not None and node.type in ("link", "image"):
            out += _link_as_text(node, names)
        else:
            out += _plain_text(node.children, names)
    return out.strip() if names is not None else out


def _link_as_text(node: SyntaxTreeNode, names: Names) -> str:
    url = _address(node)
    kind, _, id = url.partition(":")
    label = _plain_text(node.children)
    if kind in ("person", "channel"):
        return plain(names(kind, id, label))
    return label if label == url or not _ALLOWED.match(url) else f"{label} ({url})".strip()
