"""What enters an edition: why a link stays out, and why it is held back from public places until an editor releases it.

Pure and total. Both are judged from the address alone, since a held link is never fetched; whoever asks decides what
follows (``assemble.py``), and an editor may overrule either.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from operator import itemgetter
from unicodedata import normalize
from urllib.parse import unquote, unquote_plus, urlsplit

from newsletter.phrase import Phrase
from newsletter.settings import NewsletterSettings


@dataclass(frozen=True, slots=True)
class Row:
    """Addresses on these hosts and their subdomains, ``""`` for any host, whose path (and fragment) matches."""

    reason: str
    hosts: str
    path: str = ""


CHAT, INVITE, MEETING, CALENDAR = Phrase("chat permalink"), Phrase("invite"), Phrase("meeting"), Phrase("calendar")
IMAGE, FILE, LOCALHOST, IGNORED = Phrase("image"), Phrase("file"), Phrase("localhost"), Phrase("ignored host")
INTERNAL, CREDENTIAL = Phrase("internal host"), Phrase("credential")
DOCUMENT, UNREADABLE = Phrase("shared document"), Phrase("unreadable address")

# What is kept but not entered. The first row that fits gives the reason; add a row to leave more out.
LEFT_OUT: tuple[Row, ...] = (
    # Files of the chat itself need its login.
    Row(FILE, "files.slack.com slack-files.com"),
    Row(FILE, "slack.com", r"/files(-pri|-tmb)?/"),
    Row(FILE, "cdn.discordapp.com media.discordapp.net", r"/(ephemeral-)?attachments/"),
    # Ways into a chat.
    Row(INVITE, "join.slack.com discord.gg chat.whatsapp.com signal.group discord.new"),
    Row(INVITE, "slack.com", r"/(shared_invite|join|signup)\b"),
    Row(INVITE, "discord.com discordapp.com", r"/(invite|template)/"),
    Row(INVITE, "t.me telegram.me", r"/(joinchat/|\+)"),
    Row(INVITE, "teams.microsoft.com teams.live.com", r"/l/(team|invite)/"),
    Row(INVITE, "line.me", r"/(R/)?ti/"),
    Row(INVITE, "open.kakao.com", r"/(o|me)/"),
    Row(INVITE, "trello.com", r"/invite/"),
    # A message is not a page: only its channel can read it.
    Row(CHAT, "slack.com", r"/(archives|messages|client|team)/"),
    Row(CHAT, "discord.com discordapp.com", r"/channels/"),
    Row(CHAT, "teams.microsoft.com teams.live.com", r"/l/(message|channel|chat|entity)/|/_?#/(conversations|l)/"),
    Row(CHAT, "t.me telegram.me", r"/(c/\d+|(s/)?\w+)/\d+"),
    Row(CHAT, "chat.google.com matrix.to"),
    Row(CHAT, "mail.google.com", r"/(mail/.*)?#?chat/"),
    Row(CHAT, "", r"/[^/]+/pl/[a-z0-9]{26}$"),  # Mattermost
    Row(CHAT, "", r"/#narrow/"),  # Zulip
    # Meetings are over when the edition appears.
    Row(MEETING, "meet.google.com meet.jit.si gotomeeting.com gotomeet.me bluejeans.com join.skype.com meet.new"),
    Row(MEETING, "zoom.us zoom.com zoomgov.com", r"/(j|my|s|w|wc|webinar|meeting|launch)/"),
    Row(MEETING, "teams.microsoft.com teams.live.com", r"/(l/meetup-join|meet|l/meeting)/"),
    Row(MEETING, "webex.com", r"/(meet|join|wbxmjs|m)/|/[^/]*/?j\.php|/webappng/"),
    Row(MEETING, "whereby.com", r"/(?!information|blog|org/|user)[^/]+/?$"),
    # Calendars and appointments.
    Row(CALENDAR, "calendar.google.com calendar.app.google calendly.com when2meet.com cal.com savvycal.com"),
    Row(CALENDAR, "google.com", r"/calendar(?:/|$)"),
    Row(CALENDAR, "outlook.office.com outlook.office365.com outlook.live.com", r"/(owa/)?(calendar|bookings|book)\b"),
    Row(CALENDAR, "doodle.com", r"/(poll|meeting|bp)/"),
    Row(CALENDAR, "", r".*\.ics$"),
    # Pictures say something in a chat, nothing in a newsletter. A page about a picture is a page.
    Row(IMAGE, "tenor.com tenor.co giphy.com gph.is gfycat.com"),
    Row(IMAGE, "", r"(?!.*/(wiki|blob|File:))/.*\.(png|jpe?g|gif|gifv|webp|bmp|svg|avif|heic|ico|tiff?)$"),
)  # fmt: skip

# What may not be for everybody. Beside these rows: internal hosts and credentials, below.
HELD: tuple[Row, ...] = (
    *(row for row in LEFT_OUT if row.reason == INVITE),
    Row(DOCUMENT, "docs.google.com drive.google.com sheets.google.com slides.google.com forms.gle sites.google.com"),
    Row(DOCUMENT, "colab.research.google.com", r"/drive/"),
    Row(DOCUMENT, "lookerstudio.google.com datastudio.google.com photos.app.goo.gl photos.google.com"),
    Row(DOCUMENT, "notion.so", r"/.*[0-9a-f]{32}|/.*[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    Row(DOCUMENT, "dropbox.com", r"/(s|sh|scl|t|l|paper|preview|home)/"),
    Row(DOCUMENT, "dropboxusercontent.com paper.dropbox.com db.tt"),
    Row(DOCUMENT, "onedrive.live.com 1drv.ms sharepoint.com forms.office.com forms.microsoft.com loop.microsoft.com"),
    Row(DOCUMENT, "box.com", r"/(s|file|folder|v|notes)/"),
    Row(DOCUMENT, "figma.com", r"/(file|design|board|proto|slides|make)/"),
    Row(DOCUMENT, "miro.com", r"/app/"),
    Row(DOCUMENT, "airtable.com", r"/(app|shr|tbl|inv|viw)"),
    Row(DOCUMENT, "trello.com", r"/[bcw]/"),
    Row(DOCUMENT, "atlassian.net jira.com"),
    Row(DOCUMENT, "bitbucket.org", r"/.*/workspace/"),
    Row(DOCUMENT, "app.asana.com app.clickup.com linear.app lucid.app lucidchart.com whimsical.com quip.com mural.co"),
    Row(DOCUMENT, "monday.com", r"/(boards|docs)/"),
    Row(DOCUMENT, "coda.io", r"/d/"),
    Row(DOCUMENT, "evernote.com", r"/(shard|client|l)/"),
    Row(DOCUMENT, "loom.com", r"/share/"),
    Row(DOCUMENT, "zoom.us", r"/(rec|clips)/"),
    Row(DOCUMENT, "wetransfer.com we.tl"),
    Row(CREDENTIAL, "hooks.slack.com", r"/(services|workflows|triggers)/"),
    Row(CREDENTIAL, "discord.com discordapp.com", r"/api/(v\d+/)?webhooks/"),
    Row(CREDENTIAL, "webhook.office.com"),
    Row(CREDENTIAL, "api.telegram.org", r"/(file/)?bot\d+:"),
)  # fmt: skip


def _by_host(rows: Sequence[Row]) -> dict[str, list[tuple[int, Row]]]:
    """Each host's rows, with their place in the table: every link of an import is asked for, and few hosts have any."""
    found: dict[str, list[tuple[int, Row]]] = {}
    for placed in enumerate(rows):
        for host in placed[1].hosts.split() or ("",):
            found.setdefault(host, []).append(placed)
    return found


_LEFT_OUT, _HELD = _by_host(LEFT_OUT), _by_host(HELD)
_DEEPEST = max(host.count(".") for host in (*_LEFT_OUT, *_HELD)) + 1

# Parameters that open something, without `-`, `_` and `.`, in lower case; anything that ends like one is one.
_SECRET = re.compile(
    r"(?:x(?:amz|goog|oss|ms|obs)\w*|\w*(?:token|secret|password|passwd|apikey|accesskey|secretkey|privatekey|signature)"
    r"|\w*accesskeyid|googleaccessid|keypairid|sig|hmac|pwd|pass|passcode|passphrase|pw|jwt|bearer|authorization|credentials?"
    r"|authkey|tempauth|phpsessid|jsessionid|sessionid|otp|zak|invitecode|magiclink)"
)
# These are also harmless words: only a value that looks made by a machine is a secret.
_PERHAPS = frozenset(("key", "auth", "sid", "session", "code", "ticket", "hash", "access", "tk"))
_MACHINE_MADE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w.~+/=-]{16,}")

_INTERNAL_ENDS = tuple(
    f".{name}"
    for name in re.findall(
        r"\S+", "local internal corp lan intranet intra private home home.arpa localdomain localhost test invalid"
    )
)
_POINTS_INSIDE = (".nip.io", ".sslip.io", ".xip.io", ".localtest.me", ".lvh.me", ".vcap.me", ".lacolhost.com")
_NAT64, _6TO4 = IPv6Network("64:ff9b::/96"), IPv6Network("2002::/16")


def why_out(url: str, settings: NewsletterSettings) -> str | None:
    """Why the link is kept but not entered, ``None`` where it enters. Never raises.

    ================  ==============================================================================================
    ``ignored host``  the newsletter's ``ignore_hosts``: a host with its subdomains, or ``host/path``
    ``localhost``     ``localhost``, ``127.0.0.0/8``, ``::1``, ``0.0.0.0`` in any spelling
    ``file``          files of Slack and Discord themselves
    ``invite``        ways into Slack, Discord, Teams, Telegram, WhatsApp, Signal, LINE, KakaoTalk, Trello
    ``chat permalink`` messages in Slack, Discord, Teams, Telegram, Google Chat, Matrix, Mattermost, Zulip
    ``meeting``       Zoom, Meet, Teams, Webex, Whereby, Jitsi, GoTo, BlueJeans, Skype
    ``calendar``      Google, Outlook, Calendly, Doodle, ``.ics`` files and the like
    ``image``         Tenor, Giphy, and addresses that are a bare picture (``.png``, ``.jpg``, ``.gif``, …)
    ================  ==============================================================================================
    """
    if any(stands_on(url, site) for site in settings.ignore_hosts):
        return IGNORED
    for host, path in _readings(url):
        address = _address(host)
        if host == "localhost" or host.endswith(".localhost"):
            return LOCALHOST
        if address is not None and (address.is_loopback or address.is_unspecified or address in _THIS_HOST):
            return LOCALHOST
        if reason := _first_reason(_LEFT_OUT, host, path):
            return reason
    return None


def why_held(url: str, settings: NewsletterSettings) -> str | None:
    """Why the link may not reach a public place until an editor releases it, ``None`` where it may. Never raises.

    ======================  ========================================================================================
    ``internal host``       no dot; an address that is not public, in any spelling (``10.0.0.1``, ``0xA000001``,
                            ``167772161``, ``::ffff:10.0.0.1``); ``.local``, ``.internal``, ``.corp``, ``.lan``, …;
                            names that only spell an address (``10.0.0.1.nip.io``); ``internal_hosts``
    ``credential``          ``user@`` before the host; parameters such as ``token``, ``sig``, ``X-Amz-…``, ``pwd``,
                            ``api_key``; webhooks
    ``shared document``     Google, Microsoft, Dropbox, Notion, Figma, Miro, Airtable, Trello, Atlassian and their like
    ``invite``              as in ``why_out``
    ``unreadable address``  what no reading makes sense of
    ======================  ========================================================================================
    """
    readings = list(_readings(url))
    if not readings:
        return UNREADABLE
    if any(stands_on(url, site) for site in settings.internal_hosts):
        return INTERNAL
    if any(_is_internal(host) for host, _ in readings):
        return INTERNAL
    if _has_credential(url):
        return CREDENTIAL
    return next((reason for host, path in readings if (reason := _first_reason(_HELD, host, path))), None)


def stands_on(url: str, site: str) -> bool:
    """Whether an address is on a site: ``arxiv.org`` with its subdomains, ``github.com/owner`` with what is below.

    Case does not matter, nor do a scheme, ``www.`` or ``*.`` in front of the site.
    """
    pattern = re.sub(r"^(?:[a-z][a-z0-9+.-]*:)?//", "", site.strip().casefold())
    wanted, _, below = re.sub(r"^(?:\*\.|www\.)", "", pattern).rstrip("/*").partition("/")
    wanted = _plain_host(wanted)
    for host, path in _readings(url):
        inside = f"{path.casefold()}/".startswith(f"/{below}/") if below else True
        if wanted and inside and (host == wanted or host.endswith(f".{wanted}")):
            return True
    return False


# --- reading an address ---------------------------------------------------------------------------------------------

_UNSEEN = re.compile(r"[\t\r\n]")


def _readings(url: str) -> Iterator[tuple[str, str]]:
    """Host and path, as browsers read the address and as RFC 3986 does: about ``\\`` they differ, so both count."""
    text = _UNSEEN.sub("", url.strip())
    for reading in dict.fromkeys((text.replace("\\", "/"), text)):
        try:
            parts = urlsplit(reading if "://" in reading else f"//{reading.lstrip('/')}")
            host = _plain_host(parts.hostname or "")
        except ValueError:  # "Invalid IPv6 URL", brackets after NFKC
            continue
        if host:
            fragment = f"/#{parts.fragment}" if parts.fragment else ""
            yield host, (unquote(parts.path).rstrip("/") + fragment) or "/"


def _plain_host(host: str) -> str:
    """As resolvers see it: full-width letters and dots are the ASCII ones; no ``www.``, no dot at the end."""
    name = normalize("NFKC", unquote(host)).casefold().replace("。", ".").strip().rstrip(".")
    return name.removeprefix("www.") if name.count(".") > 1 else name


def _first_reason(table: Mapping[str, Sequence[tuple[int, Row]]], host: str, path: str) -> str | None:
    labels = host.split(".")[-_DEEPEST:]
    names = (*(".".join(labels[place:]) for place in range(len(labels))), "")
    for _, row in sorted((placed for name in names for placed in table.get(name, ())), key=itemgetter(0)):
        if re.match(row.path, _of_row(row, path), re.IGNORECASE):
            return row.reason
    return None


def _of_row(row: Row, path: str) -> str:
    """The path; without the fragment where the row looks at its end."""
    return path.partition("/#")[0] if row.path.endswith("$") else path


# --- internal -------------------------------------------------------------------------------------------------------

Address = IPv4Address | IPv6Address


def _is_internal(host: str) -> bool:
    address = _address(host)
    if address is not None:
        return not address.is_global or address.is_multicast
    if "." not in host or host.endswith(_INTERNAL_ENDS):
        return True
    return f".{host}".endswith(_POINTS_INSIDE)


class _ThisHost:
    """``0.0.0.0/8``: what connects there reaches the machine itself."""

    def __contains__(self, address: Address) -> bool:
        return isinstance(address, IPv4Address) and address.packed[0] == 0


_THIS_HOST = _ThisHost()


def _address(host: str) -> Address | None:
    """The address a host spells, an IPv4 one inside an IPv6 one taken out."""
    bare = host.strip("[]").partition("%")[0]
    if ":" not in bare and not bare.rpartition(".")[2][:1].isdigit():
        return None
    try:
        address = ip_address(bare)
    except ValueError:
        return _loose_ipv4(bare)
    return _inner(address) if isinstance(address, IPv6Address) else address


def _inner(address: IPv6Address) -> Address:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _6TO4:
        return IPv4Address(address.packed[2:6])
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return IPv4Address(address.packed[12:])
    return address.teredo[1] if address.teredo else address


def _loose_ipv4(host: str) -> IPv4Address | None:
    """As ``inet_aton`` and browsers read it: one to four numbers, decimal, octal (``0177``) or hex (``0x7f``)."""
    parts = host.split(".")
    if not 1 <= len(parts) <= 4:
        return None
    numbers = [_number(part) for part in parts]
    if any(number is None for number in numbers):
        return None
    *heads, tail = (number for number in numbers if number is not None)
    if any(head > 255 for head in heads) or tail >= 256 ** (4 - len(heads)):
        return None
    return IPv4Address(sum(head << (24 - 8 * place) for place, head in enumerate(heads)) + tail)


def _number(part: str) -> int | None:
    if len(part) > 16 or not re.fullmatch(r"0x[0-9a-f]*|[0-9]+", part):
        return None
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    if len(part) > 1 and part.startswith("0"):
        return int(part, 8) if re.fullmatch(r"[0-7]+", part) else None
    return int(part)


# --- credentials ----------------------------------------------------------------------------------------------------

_PARAMETER = re.compile(r"[?&;#]([^=&;#?/]+)=([^&;#]+)")


def _has_credential(url: str) -> bool:
    authority = re.match(r"\s*(?:[a-z][a-z0-9+.-]*:)?/{2,}([^/?#\\]*)", url, re.IGNORECASE)
    if authority and "@" in authority[1]:
        return True
    for name, value in _PARAMETER.findall(url):
        plain = re.sub(r"[-_.\[\]]", "", unquote_plus(name)).casefold()
        if _SECRET.fullmatch(plain) or (plain in _PERHAPS and _MACHINE_MADE.fullmatch(unquote_plus(value))):
            return True
    return False
