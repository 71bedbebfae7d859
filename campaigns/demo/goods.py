"""What does the demo company sell, and where?"""

from __future__ import annotations

from dataclasses import dataclass

COMPANY = "Nordwind Outdoor"
POSTAL_ADDRESS = "Nordwind Outdoor\n14 Harbour Row\nVarna 9000"
CURRENCY = "EUR"
ZONE = "Europe/Sofia"
SITE = "https://nordwind.example.com"
STORES = ("Sofia Vitosha", "Varna Sea Garden", "Warszawa Mokotów", "Kraków Kazimierz", "London Covent Garden", "Leeds Arcade")


@dataclass(frozen=True)
class Product:
    sku: str
    name: str
    category: str
    price: int  # whole euros


def _range(category: str, prefix: str, items: str) -> list[Product]:
    rows = [item.rsplit(" ", 1) for item in items.split("; ")]
    return [Product(f"{prefix}-{100 + number}", name, category, int(price)) for number, (name, price) in enumerate(rows)]


PRODUCTS = [
    *_range(
        "Boots",
        "BT",
        "Fjell GTX 189; Stig Trail 129; Halla Winter 219; Moor Low 99; Kari Kids 69; Ridge Pro 249; Sten Approach 149",
    ),
    *_range(
        "Jackets", "JK", "Regn Shell 229; Vind Light 99; Dun 700 279; Skog Fleece 89; Storm 3L 349; Lett Vest 79; Kyst Parka 259"
    ),
    *_range("Backpacks", "BP", "Dag 22 89; Tur 38 139; Ekspedisjon 65 229; By 18 79; Løp Vest 12 99"),
    *_range("Tents", "TN", "Ly 2 329; Ly 3 399; Hule 4 549; Tarp 10 119"),
    *_range("Cooking", "CK", "Gnist Stove 69; Kjele 0.9 39; Spork Titan 12; Termos 0.7 34; Kaffe Press 29"),
    *_range("Climbing", "CL", "Tau 70 169; Sele Sport 79; Hjelm Lett 69; Krok Set 99; Magnesium 14"),
]
CATEGORIES = sorted({product.category for product in PRODUCTS})
OF_CATEGORY = {category: [one for one in PRODUCTS if one.category == category] for category in CATEGORIES}
