"""What the Discord adapter must be told: its token and which server it is for.

The token comes from the environment, which is the business of ``bot/config.py``; who uses it is ``client.py``.
"""

from typing import ClassVar, Literal

from pydantic import SecretStr, field_validator

from newsletter.settings import Settings


class DiscordSettings(Settings):
    """Every key may be missing: reading an export needs none of them, listening needs what `lacks` names."""

    # How the configuration writes, after "discord:", a channel by name, Server/name or id, a person or role by id.
    CHANNEL: ClassVar[str] = r"#.+|\d+|.+/.+"
    PERSON: ClassVar[str] = r"\d+"

    token: SecretStr | None = None
    workspace: str = ""
    api_url: str = "https://discord.com/api/v10"
    gateway_url: str = ""
    spoilers: Literal["shown", "hidden", "left out"] = "hidden"

    @field_validator("api_url")
    @classmethod
    def _address(cls, value: str) -> str:
        """Without a slash at the end: discord.py appends paths that begin with one."""
        if not value.startswith(("https://", "http://")):
            raise ValueError("must be an address that begins with https://")
        return value.removesuffix("/")

    @field_validator("gateway_url")
    @classmethod
    def _socket(cls, value: str) -> str:
        """``""``: Discord is asked where it is, which is what it recommends."""
        if value and not value.startswith(("wss://", "ws://")):
            raise ValueError("must be an address that begins with wss://")
        return value

    def lacks(self) -> dict[str, str]:
        """What is missing for listening: the key, and why it is needed."""
        return {} if self.token else {"token": "the bot's token is needed: write ${DISCORD_TOKEN}"}
