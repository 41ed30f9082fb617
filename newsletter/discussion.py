"""Discussion: which of the replies to a shared link its readers in the team see. Pure.

Which replies are kept at all is ``collect``'s to say, and that nobody else sees them ``audience``'s.
"""

from collections.abc import Iterable, Iterator, Sequence

from newsletter.entry import editors_emoji, named, score
from newsletter.material import Material
from newsletter.model import KeptReply, KeptShare, Person, Reply
from newsletter.placing import is_taken_back
from newsletter.settings import NewsletterSettings


def best(shares: Sequence[KeptShare], settings: NewsletterSettings, material: Material) -> tuple[Reply, ...]:
    """Of the replies to these shares' messages those to which most others reacted, among equals the earlier; so many
    as the settings say, in the order they were said."""
    by_message = {(share.message, reply.id): (share, reply) for share, reply in _shown(shares, settings, material)}
    said = [(share, reply) for share, reply in by_message.values() if reply.text]
    said.sort(key=lambda one: (-score([one[1]], settings), one[1].sent_at, one[1].id))
    chosen = sorted(said[: settings.discussion], key=lambda one: (one[1].sent_at, one[1].id))
    return tuple(_reply(share, reply, material) for share, reply in chosen)


def left(shares: Sequence[KeptShare], settings: NewsletterSettings, material: Material) -> dict[tuple[int, str], Reply]:
    """Every reply to these shares that may be shown, by the share's row and its own id: what is left of what was
    printed. One whose words were forgotten says nothing."""
    shown = _shown(shares, settings, material)
    return {(share.id, reply.id): _reply(share, reply, material) for share, reply in shown}


def _shown(
    shares: Iterable[KeptShare], settings: NewsletterSettings, material: Material
) -> Iterator[tuple[KeptShare, KeptReply]]:
    """All but what its author or an editor took out by emoji, and what ignored people said."""
    for share in shares:
        for reply in material.replies.get(share.message, ()):
            ignored = f"{reply.author.platform}:{reply.author.id}" in settings.ignore_people
            out = settings.emoji.leave_out in editors_emoji([reply], settings, material)
            if not (ignored or out or is_taken_back(reply, settings)):
                yield share, reply


def _reply(share: KeptShare, reply: KeptReply, material: Material) -> Reply:
    said = named(reply.text, share.channel, material)
    return Reply(share.id, reply.id, Person(reply.author, reply.name), reply.sent_at, said)
