"""What is heard at the same time is stored in few transactions, and stays as independent as if it came one by one."""

import asyncio
from dataclasses import replace

import pytest

from newsletter.collect import Collector
from newsletter.errors import StoreError
from newsletter.store import Store
from tests.stores import fresh
from tests.test_listening import HOUR, NOW, channel, ids, message

LINKS = channel("links")


@pytest.fixture
def url(tmp_path):
    return fresh(tmp_path)


@pytest.fixture
async def store(url):
    store = await Store.open(url)
    yield store
    await store.close()


@pytest.fixture
def writes(store, monkeypatch):
    """Every transaction that was begun for writing."""
    begun, writing = [], store.writing
    monkeypatch.setattr(store, "writing", lambda: begun.append(1) or writing())
    return begun


def messages(number):
    return [replace(one, text=f"{one.text}/{n}") for n in range(number) for one in [message(LINKS, NOW - n * HOUR)]]


async def test_a_rush_is_stored_in_few_transactions(store, writes):
    collector = Collector(store)
    await asyncio.gather(*(collector.hear(one) for one in messages(100)))
    assert len(await ids(store)) == 100
    assert len(writes) <= 3


async def test_one_that_cannot_be_stored_costs_no_other(store):
    collector, some = Collector(store), messages(10)
    some[4] = replace(some[4], text=5)
    failed = await asyncio.gather(*(collector.hear(one) for one in some), return_exceptions=True)
    assert [n for n, error in enumerate(failed) if error] == [4]
    assert len(await ids(store)) == 9


async def test_whoever_is_cut_off_while_it_writes_for_all_takes_nobody_along(store):
    collector = Collector(store)
    hearing = [asyncio.create_task(collector.hear(one)) for one in messages(10)]
    while not collector._turn.locked():  # noqa: ASYNC110 - it is a lock
        await asyncio.sleep(0)
    hearing[0].cancel()
    failed = await asyncio.gather(*hearing, return_exceptions=True)
    assert [type(error) for error in failed if error] == [asyncio.CancelledError]
    assert len(await ids(store)) >= 9


async def test_what_the_database_says_no_to_is_told_to_all_and_may_be_heard_again(store, monkeypatch):
    collector, writing, some = Collector(store), store.writing, messages(5)

    def broken():
        raise StoreError("the disk is full")

    monkeypatch.setattr(store, "writing", broken)
    failed = await asyncio.gather(*(collector.hear(one) for one in some), return_exceptions=True)
    assert {type(error) for error in failed} == {StoreError}
    monkeypatch.setattr(store, "writing", writing)
    await asyncio.gather(*(collector.hear(one) for one in some))
    assert len(await ids(store)) == 5
