from __future__ import annotations

import random
from base64 import urlsafe_b64encode

from campaigns.tracking.links import Kind, Place, read, sign, signer

PLACE = Place(123_456_789, 7)


def test_a_token_says_what_was_signed():
    for kind in Kind:
        assert read(kind=kind, token=sign(kind=kind, place=PLACE)) == PLACE


def test_a_token_of_one_kind_is_none_of_another():
    for kind in Kind:
        token = sign(kind=kind, place=PLACE)

        assert [other for other in Kind if read(kind=other, token=token)] == [kind]


def test_every_changed_character_breaks_it():
    token = sign(kind=Kind.CLICK, place=PLACE)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    for position, character in enumerate(token):
        for other in alphabet:
            if other != character:
                assert read(kind=Kind.CLICK, token=token[:position] + other + token[position + 1 :]) is None


def test_no_random_token_is_taken():
    chance = random.Random(1)

    assert not any(
        read(kind=Kind.CLICK, token=urlsafe_b64encode(chance.randbytes(26)).decode().rstrip("=")) for _ in range(50_000)
    )


def test_garbage_is_none():
    for token in (
        "",
        "a",
        "=" * 35,
        "ä" * 35,
        "../../etc",
        "A" * 35,
        "A" * 4000,
        "%00",
        sign(kind=Kind.CLICK, place=PLACE) + "=",
    ):
        assert read(kind=Kind.CLICK, token=token) is None


def test_it_holds_nothing_about_the_person():
    assert len(sign(kind=Kind.CLICK, place=PLACE)) == 35


def test_old_tokens_hold_while_their_key_is_a_fallback(settings):
    settings.SECRET_KEY = "one"
    old, name = sign(kind=Kind.CLICK, place=PLACE), signer()

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "two", ["one"]
    assert read(kind=Kind.CLICK, token=old) == PLACE
    assert sign(kind=Kind.CLICK, place=PLACE, signer=name) == old
    assert sign(kind=Kind.CLICK, place=PLACE) != old

    settings.SECRET_KEY_FALLBACKS = []
    assert read(kind=Kind.CLICK, token=old) is None
