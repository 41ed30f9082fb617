"""Assembling: everything known about a newsletter's shares -> an Edition. Pure: same chat, same edition.

Here links are folded, put under headings and in order. Which shares an edition is made of is the store's answer
(``store.placements``), what one entry says ``entry``'s, which links are out ``placing``'s, and who may read what
``audience``'s.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace

from newsletter import tags
from newsletter.discussion import best
from newsletter.entry import entry_of, tellers
from newsletter.heard import MessageId
from newsletter.material import Assembled, Chosen, Frame, Material, joined
from newsletter.model import Choice, Edition, Entry, Field, KeptShare, LeftOut, Page, Seen
from newsletter.placing import TOO_MANY, WITHDRAWN, beyond, by_emoji, is_hidden, is_withdrawn, left_out_of, why_out
from newsletter.settings import NewsletterSettings


def assemble(settings: NewsletterSettings, frame: Frame, material: Material) -> Assembled:
    """The edition of these shares, for a team audience and nobody left out of it; see ``for_audience`` for readers.

    Same material in any order, same edition.
    """
    shares = sorted(material.shares, key=lambda share: (share.sent_at, share.message, share.ordinal, share.key))
    withdrawn = _fold((share for share in shares if is_withdrawn(share, settings)), material.joins)
    folded = _fold((share for share in shares if not is_withdrawn(share, settings)), material.joins)
    chosen = _by_key(material.choices, material.joins)
    choices = {key: by_emoji(own, settings, material) | dict(chosen.get(key, {})) for key, own in folded.items()}
    entries: list[Entry] = []
    again: list[Entry] = []
    left_out: list[LeftOut] = []
    placements: dict[int, str | None] = {}
    seen = {key: found for key, own in folded.items() if (found := _seen_before(own, material)) is not None}
    out = {
        key: reason
        for key, own in folded.items()
        if (reason := why_out(own, choices[key], settings, material, seen.get(key))) is not None
    }
    hidden = {
        key
        for key, own in folded.items()
        if is_hidden(key, own, material.pages.get(key, Page()), choices[key], settings)
    }
    lead_of = _headings(folded, choices, material.joins)
    # A link seen before gets one line, and whoever sees a link must see the heading it stands under.
    lead_of = {
        key: lead
        for key, lead in lead_of.items()
        if not out.keys() & {key, lead} and lead not in seen and (lead not in hidden or key in hidden)
    }
    made = {}
    for key, own in folded.items():
        if key not in out and key not in lead_of:
            below = [folded[other] for other, lead in lead_of.items() if lead == key]
            made[key] = entry_of(key, own, below, choices[key], settings, frame, material)
    in_order = _in_order([made[key] for key in made if key not in seen])
    for key in beyond(settings, in_order, choices, material.people):
        del made[key]
        out |= dict.fromkeys((key, *(other for other, lead in lead_of.items() if lead == key)), TOO_MANY)
    for key, told in _told_under(folded, lead_of, made.keys() - seen.keys()).items():
        made[key] = replace(made[key], discussion=best(told, settings, material))
    for key, own in folded.items():
        reason = out.get(key)
        placements |= {share.id: reason for share in own}
        if reason is not None:
            left_out.append(left_out_of(key, own, reason, material))
        elif key in made:
            again.append(replace(made[key], also_in=seen[key])) if key in seen else entries.append(made[key])
    for key, own in withdrawn.items():
        placements |= {share.id: WITHDRAWN for share in own}
        if key not in folded:
            left_out.append(left_out_of(key, own, WITHDRAWN, material))
    around = chosen.get("", {})
    sections = tags.group(_in_order(entries), settings.sections, frame.others, frame.pick)
    edition = Edition(
        newsletter=settings.key,
        number=frame.number,
        title=frame.title,
        language=settings.language,
        timezone=settings.timezone,
        opened_at=frame.opened_at,
        cut_off=frame.cut_off,
        label=frame.label,
        week=frame.week,
        next_week=frame.next_week,
        sections=tuple(replace(one, entries=_in_place(one.entries, choices)) for one in sections),
        again=_in_place(_in_order(again), choices),
        left_out=tuple(left_out),
        intro=around.get(Field.INTRO, settings.intro),
        outro=around.get(Field.OUTRO, settings.outro),
        nth_of_day=frame.nth_of_day,
    )
    return Assembled(edition, placements, choices | {"": around})


# --- folding -------------------------------------------------------------------------------------------------------


def _fold(shares: Iterable[KeptShare], joins: Mapping[str, str]) -> dict[str, list[KeptShare]]:
    """All shares of one link together, in order of the first share."""
    folded: dict[str, list[KeptShare]] = {}
    for share in shares:
        folded.setdefault(joined(share.key, joins), []).append(share)
    return folded


def _by_key(choices: Iterable[Choice], joins: Mapping[str, str]) -> dict[str, dict[Field, str]]:
    newest = sorted(choices, key=lambda choice: (choice.at, choice.by, choice.value))
    by_key: dict[str, dict[Field, str]] = {}
    for choice in newest:
        by_key.setdefault(joined(choice.key, joins), {})[choice.field] = choice.value
    return by_key


def _headings(
    folded: Mapping[str, Sequence[KeptShare]], choices: Mapping[str, Chosen], joins: Mapping[str, str]
) -> dict[str, str]:
    """Which links stand under another one's heading: put there by an editor, or by each message that shared them."""
    headings: dict[str, str] = {}
    for key, own in folded.items():
        beside = choices.get(key, {}).get(Field.BESIDE)
        leads = {beside or None} if beside is not None else {share.under for share in own}
        if len(leads) != 1 or None in leads:
            continue
        lead = joined(next(str(one) for one in leads), joins)
        if lead != key and lead in folded:
            headings[key] = lead
    # One level only: a link under a heading is no heading itself.
    return {key: lead for key, lead in headings.items() if lead not in headings}


def _told_under(
    folded: Mapping[str, Sequence[KeptShare]], lead_of: Mapping[str, str], entries: Set[str]
) -> dict[str, list[KeptShare]]:
    """The shares that tell each of these entries, for what was replied to them. A message with several entries stands
    under the first: nobody wants to read its replies twice."""
    entry_of_message: dict[MessageId, str] = {}
    told: dict[str, list[KeptShare]] = {}
    for key, own in folded.items():
        lead = lead_of.get(key, key)
        for share in tellers(own) if lead in entries else ():
            if entry_of_message.setdefault(share.message, lead) == lead:
                told.setdefault(lead, []).append(share)
    return told


def _seen_before(shares: Sequence[KeptShare], material: Material) -> Seen | None:
    return next((material.seen[share.key] for share in shares if share.key in material.seen), None)


# --- order ---------------------------------------------------------------------------------------------------------


def _in_order(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Pinned first, then by score, first share and key: a total order."""
    return tuple(sorted(entries, key=lambda entry: (not entry.pinned, -entry.score, entry.shares[0].at, entry.key)))


def _in_place(ordered: Sequence[Entry], choices: Mapping[str, Chosen]) -> tuple[Entry, ...]:
    """The entries of one section: what was pinned since, then what an editor put in order, then what came in since.

    By their order and not by counting: one that is left out moves no other.
    """
    places = {
        entry.key: int(place)
        for entry in ordered
        if (place := choices.get(entry.key, {}).get(Field.PLACE, "")).isdecimal()
    }
    first, last = -1, 1 + max(places.values(), default=0)
    return tuple(sorted(ordered, key=lambda entry: places.get(entry.key, first if entry.pinned else last)))
