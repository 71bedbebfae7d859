"""What do files of shops say, sound and unsound ones?"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from omni.models import User
from profiles import feeds
from profiles.models import Product

pytestmark = pytest.mark.django_db

YML = """<?xml version="1.0" encoding="windows-1251"?>
<!DOCTYPE yml_catalog SYSTEM "shops.dtd">
<yml_catalog date="2026-03-01 12:00"><shop><name>Лавка</name>
<currencies><currency id="RUR" rate="1"/></currencies>
<categories><category id="1">Обувь</category><category id="2" parentId="1">Ботинки</category></categories>
<offers>
<offer id="b-1" available="true" group_id="b"><url>https://shop.test/b</url>
<price>8990</price><oldprice>9990</oldprice>
<currencyId>RUR</currencyId><categoryId>2</categoryId><vendor>Север</vendor>
<name>Ботинки &lt;зимние&gt;</name><vendorCode>S-1</vendorCode>
<param name="Размер">42</param><count>3</count>
<outlets><outlet id="Тверская" instock="2"/></outlets></offer>
<offer id="b-2" available="false"><typePrefix>Сапоги</typePrefix><vendor>Север</vendor><model>Лёд</model><price>x</price></offer>
</offers></shop></yml_catalog>""".encode("windows-1251")

GOOGLE = b"""<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel><title>Shop</title>
<item><g:id>J-1</g:id><title>Rain shell</title><link>https://shop.test/j</link><g:price>229.00 EUR</g:price>
<g:sale_price>199.00 EUR</g:sale_price><g:availability>in stock</g:availability><g:brand>Nordwind</g:brand>
<g:product_type>Clothes &gt; Jackets</g:product_type><g:item_group_id>J</g:item_group_id>
<g:color>red</g:color><g:size>M</g:size></item>
</channel></rss>"""

CSV = "id;name;price;stock;Season\r\nc-1;Tent;329,50;4;summer\r\nc-2;Lamp;;0;\r\n;nameless;1;1;\r\nc-3;Bad;-5;1;\r\n"


def _load(body: bytes, now: datetime, *, archives: bool = False) -> feeds.Outcome:
    return feeds.load(body=body, currency="EUR", archives_missing=archives, now=now)


def test_it_reads_yandex_market(now: datetime) -> None:
    outcome = _load(YML, now)

    boots = Product.objects.get(external_id="b-1")
    assert (outcome.created, outcome.rejected, outcome.faults[0].field) == (2, 1, "price")
    assert (boots.name, boots.category, boots.brand, boots.sku) == ("Ботинки <зимние>", "Обувь / Ботинки", "Север", "S-1")
    assert (boots.price_minor, boots.old_price_minor, boots.currency) == (899000, 999000, "RUB")
    assert (boots.stock, boots.stock_by_store, boots.availability) == (3, {"Тверская": 2}, "in_stock")
    assert (boots.fields, boots.parent.external_id) == ({"Размер": "42"}, "b")


def test_it_reads_google_merchant(now: datetime) -> None:
    _load(GOOGLE, now)

    shell = Product.objects.get(external_id="J-1")
    assert (shell.name, shell.price_minor, shell.old_price_minor, shell.currency) == ("Rain shell", 19900, 22900, "EUR")
    assert (shell.category, shell.variant, shell.availability, shell.url) == (
        "Clothes / Jackets", "red M", "in_stock", "https://shop.test/j",
    )  # fmt: skip


def test_it_reads_csv_and_says_which_rows_it_cannot_use(now: datetime) -> None:
    outcome = _load(CSV.encode("windows-1251"), now)

    tent, lamp = Product.objects.order_by("external_id")
    assert (tent.price_minor, tent.stock, tent.fields) == (32950, 4, {"Season": "summer"})
    assert (lamp.price_minor, lamp.availability) == (None, "out_of_stock")
    assert [(fault.number, fault.id, fault.field) for fault in outcome.faults] == [(3, "", "id"), (4, "c-3", "price")]


def test_it_reads_json(now: datetime) -> None:
    _load(json.dumps({"items": [{"id": "a", "title": "Lamp", "price": 10, "fields": {"x": [1]}, "color": "red"}]}).encode(), now)

    assert Product.objects.values_list("name", "price_minor", "fields").get() == ("Lamp", 1000, {"x": [1], "color": "red"})


def test_the_same_file_again_changes_nothing(now: datetime) -> None:
    _load(GOOGLE, now)

    again = _load(GOOGLE, now)

    assert (again.created, again.updated, again.unchanged) == (0, 0, 1)


def test_what_the_file_does_not_hold_is_archived_and_comes_back(now: datetime) -> None:
    _load(CSV.encode(), now)
    whole = b"id,name\nc-1,Tent\n"

    assert _load(whole, now, archives=True).archived == 1
    assert Product.objects.get(archived_at=None).external_id == "c-1"

    _load(b"id,name\nc-2,Lamp\n", now)
    assert Product.objects.get(external_id="c-2").archived_at is None


def test_a_file_with_faults_archives_nothing(now: datetime) -> None:
    _load(b"id,name\nold,Old\n", now)

    assert _load(CSV.encode(), now, archives=True).archived == 0


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><shop><offer id="1"><name>&b;</name></offer></shop>'


@pytest.mark.parametrize(
    "body",
    [b"", b"<rss>", BOMB, b"{}", b"[1, 2", b"[]", b"name,price\nx,1\n", b"\xff\xfe\x00", b"[" * 100_000, b"<a>" * 200],
    ids=["empty", "cut", "entities", "no list", "broken", "no items", "no id", "bytes", "deep json", "deep xml"],
)
def test_what_is_no_catalog_is_refused_in_words(body: bytes, now: datetime) -> None:
    with pytest.raises(feeds.UnusableFeedError):
        _load(body, now)


def test_nothing_outside_of_the_file_is_read(now: datetime) -> None:
    body = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><shop><offer id="1"><name>&e;</name></offer></shop>'

    with pytest.raises(feeds.UnusableFeedError):
        _load(body, now)


def test_the_page_takes_a_file_and_says_what_came_of_it(
    client_of: Callable[[User], Client], marketer: User, analyst: User, clock: object
) -> None:
    client = client_of(marketer)

    done = client.post("/data/catalog/import/", {"file": SimpleUploadedFile("feed.csv", CSV.encode())})
    refused = client.post("/data/catalog/import/", {"file": SimpleUploadedFile("feed.csv", b"nothing")})

    assert "Some items were left out" in done.content.decode()
    assert Product.objects.count() == 2
    assert refused.status_code == 422
    assert "No column is called" in refused.content.decode()
    assert client_of(analyst).get("/data/catalog/import/").status_code == 403
