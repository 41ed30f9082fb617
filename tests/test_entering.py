"""What stays out of an edition, and what is held back from public places, by the address alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import entering
from newsletter.settings import NewsletterSettings

SETTINGS = NewsletterSettings(
    ignore_hosts=("ads.example.com", "example.org/jobs"), internal_hosts=("wiki.example.net",)
)

OUT = {
    "ignored host": "https://ads.example.com/x https://eu.ads.example.com https://EXAMPLE.org/jobs/1 https://www.example.org/jobs",
    "localhost": "http://localhost:8080/x http://app.localhost http://127.0.0.1 http://127.8.9.1/a.png http://[::1]:3000/ http://0.0.0.0:80 "
    "http://2130706433/ http://0x7f.1/ http://0177.0.0.1/ http://[::ffff:127.0.0.1]/ http://localhost./",
    "chat permalink": "https://team.slack.com/archives/C1/p123 https://app.slack.com/client/T1/C1 https://discord.com/channels/1/2/3 "
    "https://ptb.discord.com/channels/1/2/3 https://teams.microsoft.com/l/message/19:x/1 https://t.me/c/123/4 https://t.me/s/news/12 "
    "https://chat.example.com/team/pl/abcdefghijklmnopqrstuvwxyz https://matrix.to/#/#room:example.org https://z.example.com/#narrow/stream/1",
    "invite": "https://discord.gg/abc https://discord.com/invite/abc https://join.slack.com/t/x/shared_invite/zt-1 https://t.me/+abc "
    "https://t.me/joinchat/abc https://chat.whatsapp.com/abc https://open.kakao.com/o/gabc",
    "meeting": "https://us02web.zoom.us/j/123?pwd=x https://meet.google.com/abc-defg-hij https://teams.microsoft.com/l/meetup-join/19:x/0 "
    "https://acme.webex.com/meet/ann https://acme.webex.com/acme/j.php?MTID=1 https://whereby.com/our-room https://meet.jit.si/Room",
    "calendar": "https://calendar.google.com/calendar/event?eid=1 https://www.google.com/calendar/event?eid=1 https://calendly.com/ann/30min "
    "https://outlook.office.com/calendar/item/1 https://example.com/meetup.ics",
    "image": "https://tenor.com/view/cat-1 https://media.giphy.com/media/1/giphy.gif https://example.com/a/b.PNG https://i.example.com/x.jpg?w=1 "
    "https://example.com/x.webp",
    "file": "https://files.slack.com/files-pri/T1-F1/a.pdf https://team.slack.com/files/U1/F1/x.txt https://cdn.discordapp.com/attachments/1/2/a.png",
}  # fmt: skip


@pytest.mark.parametrize(("reason", "url"), [(reason, url) for reason, urls in OUT.items() for url in urls.split()])
def test_what_is_no_reading_stays_out_with_its_reason(reason, url):
    assert entering.why_out(url, SETTINGS) == reason


ENTERS = """
https://example.com/ https://example.org/jobsite https://notads.example.com https://slack.com/blog/x https://api.slack.com/docs https://discord.com/blog/x
https://zoom.us/pricing https://example.com/archives/C1 https://whereby.com/blog/x https://ja.wikipedia.org/wiki/File:Cat.png https://github.com/a/b/blob/main/x.png
https://example.com/png https://example.com/?image=a.png https://t.me/somebody https://cloud.google.com/calendar-api http://8.8.8.8/ https://en.wikipedia.org/wiki/Localhost
""".split()


@pytest.mark.parametrize("url", ENTERS)
def test_every_other_link_enters(url):
    assert entering.why_out(url, SETTINGS) is None


HELD = {
    "internal host": "http://wiki/x http://build:8080 http://10.0.0.1/ http://172.16.5.4 http://192.168.1.1/a http://169.254.169.254/latest http://100.64.0.1 "
    "http://167772161/ http://0xA.0.0.1/ http://012.0.0.1/ http://10.1/ http://0xa000001 http://[fd00::1]/ http://[fe80::1] http://[::ffff:10.0.0.1]/ "
    "http://[64:ff9b::a00:1]/ http://[2002:a00:1::]/ http://１０.0.0.1/ http://10。0。0。1/ http://printer.local http://git.corp/x http://a.internal. http://nas.home.arpa "
    "http://x.lan/ http://10.0.0.1.nip.io/ https://wiki.example.net/p https://a.wiki.example.net http://localhost/ http://224.0.0.1/ http://example.com\\@10.0.0.1/ "
    "http://192.168.0.1%2f@x/ http://10.0.0.1\\.example.com/",
    "credential": "https://ann:pw@example.com/ https://ann@example.com https://example.com/?token=abc https://example.com/?access_token=abc "
    "https://example.com/#access_token=abc https://example.com/?a=1&sig=abc https://example.com/?X-Amz-Signature=abc https://example.com/?x-amz-credential=a "
    "https://example.com/?pwd=1 https://example.com/?api_key=abc https://example.com/?apiKey=abc https://example.com/?key=AIza0123456789abcdefgh "
    "https://example.com/;jsessionid=1A2B https://example.com/?Signature=a&Key-Pair-Id=b https://example.com/?resetPasswordToken=1 "
    "https://hooks.slack.com/services/T/B/x https://discord.com/api/webhooks/1/x https://example.com/?%74oken=abc",
    "shared document": "https://docs.google.com/document/d/1/edit https://drive.google.com/file/d/1/view https://www.dropbox.com/s/1/a.pdf?dl=0 https://1drv.ms/x "
    "https://acme.sharepoint.com/:w:/r/x https://www.figma.com/file/1/x https://miro.com/app/board/1/ https://airtable.com/shr1 https://trello.com/b/1/x "
    "https://acme.atlassian.net/browse/X-1 https://www.notion.so/acme/Plan-0123456789abcdef0123456789abcdef https://forms.gle/abc",
    "invite": "https://discord.gg/abc https://chat.whatsapp.com/abc",
    "unreadable address": "http:// http://[bad/ //",
}  # fmt: skip


def _each(table):
    return [(reason, url) for reason, urls in table.items() for url in urls.split()]


@pytest.mark.parametrize(("reason", "url"), _each(HELD))
def test_what_may_not_be_for_everybody_is_held_with_its_reason(reason, url):
    assert entering.why_held(url, SETTINGS) == reason


OPEN = """
https://example.com/ https://example.com/?key=value https://example.com/?code=1 https://example.com/?tokenizer=bpe https://example.com/?q=token&sk=abc http://8.8.8.8/
http://[2606:4700::1111]/ https://example.com/@ann/1 https://example.com/a@b https://example.com/?email=a@b.org https://www.figma.com/blog/x https://trello.com/guide
https://www.notion.so/product https://www.dropbox.com/features https://xn--9t4b11yi5a.com/ https://한글.com/ https://example.com/?token= https://example.com/?design=x
https://colab.research.google.com/github/a/b/blob/main/x.ipynb https://example.com/internal https://local.example.com https://1.2.example.com https://256.256.256.256.example.com
""".split()


@pytest.mark.parametrize("url", OPEN)
def test_every_other_link_may_be_public(url):
    assert entering.why_held(url, SETTINGS) is None


@given(
    st.text() | st.text().map(lambda text: f"http://{text}") | st.text().map(lambda text: f"https://example.com/{text}")
)
def test_any_text_is_judged(url):
    assert entering.why_out(url, SETTINGS) is None or isinstance(entering.why_out(url, SETTINGS), str)
    assert entering.why_held(url, SETTINGS) is None or isinstance(entering.why_held(url, SETTINGS), str)
    assert entering.stands_on(url, url) in (True, False)


@given(st.ip_addresses(v=4))
def test_every_spelling_of_an_ipv4_address_is_judged_alike(address):
    number = int(address)
    spellings = [
        str(address), str(number), hex(number), f"0{number:o}", ".".join(hex(octet) for octet in address.packed),
        ".".join(f"0{octet:o}" for octet in address.packed), f"{address.packed[0]}.{number & 0xFFFFFF}", f"[::ffff:{address}]",
    ]  # fmt: skip
    assert len({entering.why_held(f"http://{spelling}/", SETTINGS) for spelling in spellings}) == 1
