"""Emoji by whatever name they come are one."""

import pytest

from newsletter.emoji import kept
from newsletter.settings import NewsletterSettings, SectionSettings


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("+1", "👍"), ("thumbsup", "👍"), ("thumbsup::skin-tone-6", "👍"), (":clap::skin-tone-3:", "👏"),
        ("partyparrot", ":partyparrot:"), (":tada:", "🎉"), ("flag-kr", "🇰🇷"), ("simple_smile", "🙂"),
        ("👍🏽", "👍"), ("❤️", "❤"), ("heart", "❤"), ("❤", "❤"), (":한글:", ":한글:"), ("", ""),
    ],
)  # fmt: skip
def test_every_name_of_an_emoji_is_kept_as_one(name, shown):
    assert kept(name) == shown
    assert kept(kept(name)) == shown


def test_settings_may_name_an_emoji_as_people_do():
    assert SectionSettings(tag="paper", emoji=("page_facing_up", "📄")).emoji == ("📄", "📄")
    assert NewsletterSettings(ignored_emoji=(":-1:", "x")).ignored_emoji == ("👎", "❌")
