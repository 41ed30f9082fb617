"""What the Slack adapter must be told: its tokens and which workspace it is for.

Tokens come from the environment, which is the business of ``bot/config.py``; who uses them is ``client.py``.
"""

from typing import ClassVar

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from newsletter.settings import Settings


class SlackSettings(Settings):
    """Every key may be missing: reading an export needs none of them, listening needs what `lacks` names."""

    # How the configuration writes, after "slack:", a channel by name or id, a person or group by id.
    CHANNEL: ClassVar[str] = r"#\S+|[CDG][A-Z0-9]+"
    PERSON: ClassVar[str] = r"[A-Z][A-Z0-9]+"

    bot_token: SecretStr | None = None
    app_token: SecretStr | None = None
    signing_secret: SecretStr | None = None
    workspace: str = ""
    api_url: str = "https://slack.com/api/"
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=3000, ge=0, le=65535)

    @field_validator("bot_token", "app_token")
    @classmethod
    def _not_the_other_one(cls, token: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        # Both are copied from pages that look alike, and Slack's own answer is only "not_allowed_token_type".
        other = {"bot_token": "xapp-", "app_token": "xoxb-"}[str(info.field_name)]
        if token and token.get_secret_value().startswith(other):
            raise ValueError("the bot token (xoxb-…) and the app-level token (xapp-…) are mixed up")
        return token

    @field_validator("api_url")
    @classmethod
    def _address(cls, value: str) -> str:
        """With its slash at the end: slack_sdk appends the method's name to it."""
        if not value.startswith(("https://", "http://")):
            raise ValueError("must be an address that begins with https://")
        return value.removesuffix("/") + "/"

    def lacks(self) -> dict[str, str]:
        """What is missing for listening: the key, and why it is needed."""
        missing: dict[str, str] = {}
        if not self.bot_token:
            missing |= {"bot_token": "the bot token (xoxb-…) is needed: write ${SLACK_BOT_TOKEN}"}
        if not self.app_token and not self.signing_secret:
            socket_mode = "the app-level token (xapp-…) is needed for Socket Mode: write ${SLACK_APP_TOKEN}"
            missing |= {"app_token": f"{socket_mode}; or for HTTP signing_secret: ${{SLACK_SIGNING_SECRET}}"}
        return missing
