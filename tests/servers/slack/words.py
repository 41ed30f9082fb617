"""From what a person types to what Slack makes of it: the ``text`` with its escapes and links, and rich text blocks.

And back to words: whom a message calls, and what of it people read.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]

_INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|<(?P<token>[@#!][^<>\s]+)>"
    r"|\[(?P<label>[^\[\]\n]+)\]\((?P<target>https?://[^\s()]+)\)"
    r"|(?P<url>https?://[^\s<>`|\"]*[^\s<>`|\".,;:!?)'\]*_~])"
    r"|:(?P<emoji>[a-z0-9_+'-]+(?:::skin-tone-[2-6])?):"
    r"|(?<![\w*])\*(?P<bold>[^*\n]+)\*(?![\w*])",
)
_BULLET = re.compile(r"[-*•] (.*)")
_CALLS = re.compile(r"<(@[A-Z0-9]+|!(?:channel|here|everyone|subteam\^[A-Z0-9]+))(?:\|[^<>]*)?>")
_BARE_CALLS = re.compile(r"(?<![\w@])@(channel|here|everyone)\b")
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


def escape(text: str) -> str:
    """https://docs.slack.dev/messaging/formatting-message-text#escaping: three characters and no more."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """The way back."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def typed(text: str) -> tuple[str, list[Json]]:
    """The ``text`` and the ``blocks`` of a message in which a person types this.

    Addresses become links, ``[label](address)`` is a link pasted over words, ``<@U1>``, ``<#C1>`` and ``<!here>`` are
    what Slack's own menus put there, ``- `` begins a bullet, ``> `` a quote; there are ``code``, fences, ``*bold*`` and
    ``:emoji:``.
    """
    plain: list[str] = []
    parts: list[Json] = []
    for kind, lines in _stretches(text.split("\n")):
        if kind == "rich_text_preformatted":
            plain.append(f"```{escape(chr(10).join(lines))}```")
            parts.append({"type": kind, "elements": [{"type": "text", "text": "\n".join(lines)}], "border": 0})
        elif kind == "rich_text_list":
            plain += [f"• {_mrkdwn(line)}" for line in lines]
            items = [{"type": "rich_text_section", "elements": _elements(line)} for line in lines]
            parts.append({"type": kind, "style": "bullet", "indent": 0, "border": 0, "elements": items})
        elif kind == "rich_text_quote":
            plain += [f"&gt; {_mrkdwn(line)}" for line in lines]
            parts.append({"type": kind, "elements": _elements("\n".join(lines))})
        else:
            plain += [_mrkdwn(line) for line in lines]
            parts.append({"type": kind, "elements": _elements("\n".join(lines))})
    return "\n".join(plain), [{"type": "rich_text", "elements": parts}]


def calls(message: Json) -> set[str]:
    """Whom a message calls: ids of people and groups, ``channel``, ``here``, ``everyone``.

    A bare ``@here`` calls where Slack parses it: in mrkdwn that is not ``verbatim``
    (https://docs.slack.dev/messaging/formatting-message-text#automatic-parsing). What stands in code calls nobody.
    """
    found: set[str] = set()
    for text, parsed in _mrkdwn_texts(message):
        text = _CODE.sub("", text)
        found |= {name.lstrip("@!").removeprefix("subteam^") for name in _CALLS.findall(text)}
        if parsed:
            found |= set(_BARE_CALLS.findall(text))
    for element in _walk(message.get("blocks")):
        match element.get("type"):
            case "user" if "user_id" in element:
                found.add(element["user_id"])
            case "usergroup" if "usergroup_id" in element:
                found.add(element["usergroup_id"])
            case "broadcast" if "range" in element:
                found.add(element["range"])
    return found


def read(message: Json, person: Callable[[str], str] = lambda id: id) -> str:
    """The message as people read it: the words of its blocks in order, a block a line, or its text without any.

    A link is its label, else its address; a mention is ``@`` and what ``person`` says for the id. Buttons are
    ``[label]``. Bold and other marks stay.
    """
    if not message.get("blocks"):
        return _read_mrkdwn(message.get("text") or "", person)
    return "\n".join(line for block in message["blocks"] if (line := _read_block(block, person)))


def links(message: Json) -> list[tuple[str, str]]:
    """Every link people see in it: address and label."""
    found = [
        (unescape(url), unescape(label) or unescape(url))
        for text, _ in _mrkdwn_texts({"blocks": message["blocks"]} if message.get("blocks") else message)
        for url, label in re.findall(r"<((?:https?|mailto):[^<>|]+)(?:\|([^<>]*))?>", text)
    ]
    rich = [one for one in _walk(message.get("blocks")) if one.get("type") == "link"]
    return found + [(link["url"], link.get("text") or link["url"]) for link in rich]


# --- inside ----------------------------------------------------------------------------------------------------------


def _stretches(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    kind, kept, fenced = "", [], False
    for line in lines:
        if line.strip() == "```":
            if kept:
                yield kind, kept
            kind, kept, fenced = "rich_text_preformatted", [], not fenced
            continue
        if fenced:
            now, words = "rich_text_preformatted", line
        elif bullet := _BULLET.match(line):
            now, words = "rich_text_list", bullet[1]
        elif line.startswith("> "):
            now, words = "rich_text_quote", line[2:]
        else:
            now, words = "rich_text_section", line
        if now != kind and kept:
            yield kind, kept
            kept = []
        kind = now
        kept.append(words)
    if kept:
        yield kind, kept


def _pieces(text: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    start = 0
    for found in _INLINE.finditer(text):
        if found.start() > start:
            yield text[start : found.start()], None
        yield found[0], found
        start = found.end()
    if start < len(text):
        yield text[start:], None


def _mrkdwn(line: str) -> str:
    made = []
    for words, found in _pieces(line):
        if not found or found["emoji"]:
            made.append(escape(words))
        elif found["code"]:
            # Seen in messages by people: an address in a code span is a link in `text`, and none in `blocks`.
            made.append(f"`{re.sub(r'https?://[^ `]+', lambda url: f'<{url[0]}>', escape(found['code']))}`")
        elif found["token"]:
            made.append(words)
        elif found["target"]:
            made.append(f"<{escape(found['target'])}|{escape(found['label'])}>")
        elif found["url"]:
            made.append(f"<{escape(found['url'])}>")
        else:
            made.append(f"*{_mrkdwn(found['bold'])}*")
    return "".join(made)


def _elements(text: str, style: Json | None = None) -> list[Json]:
    styled = {"style": style} if style else {}
    made: list[Json] = []
    for words, found in _pieces(text):
        if not found:
            made.append({"type": "text", "text": words, **styled})
        elif found["code"]:
            made.append({"type": "text", "text": found["code"], "style": {**(style or {}), "code": True}})
        elif found["token"]:
            made.append(_token(found["token"]) | styled)
        elif found["target"]:
            made.append({"type": "link", "url": found["target"], "text": found["label"], **styled})
        elif found["url"]:
            made.append({"type": "link", "url": found["url"], **styled})
        elif found["emoji"]:
            made.append({"type": "emoji", "name": found["emoji"], **styled})
        else:
            made += _elements(found["bold"], {"bold": True})
    return made


def _token(token: str) -> Json:
    sign, name = token[0], token[1:].split("|")[0]
    if sign == "@":
        return {"type": "user", "user_id": name}
    if sign == "#":
        return {"type": "channel", "channel_id": name}
    if name.startswith("subteam^"):
        return {"type": "usergroup", "usergroup_id": name.removeprefix("subteam^")}
    return {"type": "broadcast", "range": name}


def _walk(value: object) -> Iterator[Json]:
    if isinstance(value, list):
        for one in value:
            yield from _walk(one)
    elif isinstance(value, dict):
        yield value
        for one in value.values():
            if isinstance(one, list | dict):
                yield from _walk(one)


def _mrkdwn_texts(message: Json) -> Iterator[tuple[str, bool]]:
    """Every text in mrkdwn, and whether Slack parses bare names in it."""
    if message.get("text"):
        yield message["text"], False
    for one in _walk([message.get("blocks"), message.get("attachments")]):
        if one.get("type") == "mrkdwn" and isinstance(one.get("text"), str):
            yield one["text"], not one.get("verbatim")
        elif one.get("type") == "markdown" and isinstance(one.get("text"), str):
            yield one["text"], True


def _read_mrkdwn(text: str, person: Callable[[str], str]) -> str:
    def shown(found: re.Match[str]) -> str:
        target, _, label = found[1].partition("|")
        if target.startswith("!date"):
            return label
        return label or ("@" + person(target[1:]) if target.startswith("@") else target)

    return unescape(re.sub(r"<([^<>]+)>", shown, text))


def _read_text(text: object, person: Callable[[str], str]) -> str:
    if not isinstance(text, dict) or not isinstance(text.get("text"), str):
        return ""
    return _read_mrkdwn(text["text"], person) if text.get("type") == "mrkdwn" else text["text"]


def _read_block(block: Json, person: Callable[[str], str]) -> str:
    match block.get("type"):
        case "section":
            found = [_read_text(one, person) for one in [block.get("text"), *(block.get("fields") or [])]]
            return "\n".join(filter(None, [*found, _read_element(block.get("accessory"))]))
        case "header":
            return _read_text(block.get("text"), person)
        case "markdown":
            return block["text"]
        case "context":
            return " ".join(filter(None, (_read_text(one, person) for one in block["elements"])))
        case "actions":
            return " ".join(filter(None, map(_read_element, block["elements"])))
        case "rich_text":
            return "\n".join(_read_rich(part, person) for part in block["elements"])
        case "input":
            return _read_text(block.get("label"), person)
    return ""


def _read_element(element: object) -> str:
    label = element.get("text") if isinstance(element, dict) and element.get("type") == "button" else None
    return f"[{label['text']}]" if label else ""


def _read_rich(part: Json, person: Callable[[str], str]) -> str:
    if part["type"] == "rich_text_list":
        return "\n".join("• " + _read_rich(item, person) for item in part["elements"])
    made = []
    for one in part.get("elements", []):
        match one["type"]:
            case "link":
                made.append(one.get("text") or one["url"])
            case "user":
                made.append("@" + person(one["user_id"]))
            case "channel":
                made.append("#" + one["channel_id"])
            case "broadcast":
                made.append("@" + one["range"])
            case "emoji":
                made.append(f":{one['name']}:")
            case _:
                made.append(one.get("text", ""))
    return "".join(made)
