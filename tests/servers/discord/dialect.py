"""How a server written elsewhere speaks, and still keeps to what Discord documents: it says less, or more, or otherwise.

A ``Dialect`` changes what goes out, and nothing that is kept; what Discord itself says is the plain one. What discord.py
cannot do without stays: whoever writes such a server has tried it with that.
"""

from dataclasses import dataclass
from typing import Any, Literal

from tests.servers.discord.errors import Json

# Marked as optional, or not needed to know what was said; null where it is nothing.
OPTIONAL = frozenset(
    "nonce flags flags_new thread count_details burst_colors me_burst global_name discriminator avatar public_flags "
    "primary_guild banner communication_disabled_until pending premium_since mute deaf position topic "
    "rate_limit_per_user last_message_id available_tags default_reaction_emoji default_sort_order default_forum_layout "
    "color colors hoist managed mentionable icon unicode_emoji message_count total_message_sent member_count locale "
    "guild_locale context entitlements entitlement_sku_ids authorizing_integration_owners attachment_size_limit "
    "app_permissions version session_type user_settings private_channels relationships presences _trace owner_id "
    "features emojis stickers region afk_timeout max_members preferred_locale large members channels threads".split()
)
# Read by discord.py itself, when it logs in.
ITS_OWN = ("/users/@me", "/oauth2/applications/@me", "/gateway/bot")
MORE = {"tomorrow": {"deep": [1, None, {"type": {}}]}, "id_of_tomorrow": 18446744073709551616, "𝕌": "\x00"}


@dataclass(frozen=True)
class Dialect:
    """``brief``: without what may be missing; ``talkative``: with keys that nobody knows; ``limits``: rate limits are
    told in headers; ``packed``: the gateway compresses when asked to; ``lacks``: routes that are not there; ``empty``:
    an empty object where Discord answers 204; ``guilds``: told of ``later``, by events, or ``at once`` in READY, or
    ``unannounced``; ``apart``: the application has an id of its own; ``counted``: ids grow, but tell no time."""

    brief: bool = False
    talkative: bool = False
    limits: bool = True
    packed: bool = True
    lacks: tuple[str, ...] = ()
    empty: bool = False
    guilds: Literal["later", "at once", "unannounced"] = "later"
    apart: bool = False
    counted: bool = False

    def said(self, value: Any, route: str = "") -> Any:
        """A payload as it goes out."""
        if route in ITS_OWN or not (self.brief or self.talkative):
            return value
        if isinstance(value, list):
            return [self.said(one) for one in value]
        if not isinstance(value, dict):
            return value
        if self.brief:
            value = _shortened(value)
        told = {key: self.said(one) for key, one in value.items()}
        return told | MORE if self.talkative else told


def _shortened(value: Json) -> Json:
    kept = {
        key: one
        for key, one in value.items()
        if key not in OPTIONAL and not (one is None or one is False or one in ([], {}))
    }
    if "threads" in value and "has_more" in value:
        kept |= {"threads": value["threads"], "has_more": value["has_more"]}
    if "owner_id" in value and "roles" in value:
        kept["owner_id"] = value["owner_id"]
    if {"author", "emoji"} & kept.keys() or "username" in kept:
        kept.pop("member", None)
    if "token" in kept and "data" in kept:
        kept.pop("channel", None)
        kept.pop("guild", None)
    if "name" in kept and "type" in kept and "author" not in kept:
        kept.pop("guild_id", None)  # of a channel or thread
    return kept
