"""How are the people of the demo company called, and where do they live?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """Names of one language; the last names of women and men stand in the same order."""

    key: str
    women: tuple[str, ...]
    men: tuple[str, ...]
    last_women: tuple[str, ...]
    last_men: tuple[str, ...]
    cities: tuple[tuple[str, str, str], ...]  # (city, country code, time zone)
    phone: str  # its # become digits; ranges that are not given out to anybody


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ENGLISH_LAST = _words(
    "Ashworth Barker Bennett Carter Clarke Davies Edwards Foster Gallagher Hughes Irving Jennings Kelly Lawson MacLeod "
    "Murphy Nolan O'Brien Parker Quinn Reid Shaw Thornton Underwood Vaughan Walsh Whitfield Yates"
)

LANGUAGES = (
    Language(
        "en",
        _words(
            "Alice Amelia Charlotte Chloe Eilidh Emma Freya Grace Hannah Imogen Isla Jessica Lucy Maeve Niamh Olivia Sophie Zoe"
        ),
        _words(
            "Aidan Alfie Callum Connor Daniel Edward Finlay George Harry Jack James Liam Oliver Oscar Owen Rory Samuel Thomas"
        ),
        _ENGLISH_LAST,
        _ENGLISH_LAST,
        (
            ("London", "GB", "Europe/London"),
            ("Manchester", "GB", "Europe/London"),
            ("Leeds", "GB", "Europe/London"),
            ("Edinburgh", "GB", "Europe/London"),
            ("Cardiff", "GB", "Europe/London"),
        ),
        "+447700900###",
    ),
    Language(
        "pl",
        _words(
            "Agnieszka Aleksandra Anna Barbara Ewa Hanna Jadwiga Joanna Julia Katarzyna Łucja Magdalena Małgorzata Maria Zofia"
        ),
        _words(
            "Adam Andrzej Bartosz Grzegorz Jakub Jan Kacper Krzysztof Łukasz Maciej Marek Michał Paweł Piotr Stanisław Tomasz"
        ),
        _words(
            "Nowak Kowalska Wiśniewska Wójcik Kowalczyk Kamińska Lewandowska Zielińska Szymańska Woźniak Dąbrowska Kozłowska "
            "Jankowska Mazur Wojciechowska Krawczyk Kaczmarek Piotrowska Grabowska Zając Pawłowska Michalska Król Wieczorek"
        ),
        _words(
            "Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski Kozłowski "
            "Jankowski Mazur Wojciechowski Krawczyk Kaczmarek Piotrowski Grabowski Zając Pawłowski Michalski Król Wieczorek"
        ),
        (
            ("Warszawa", "PL", "Europe/Warsaw"),
            ("Kraków", "PL", "Europe/Warsaw"),
            ("Gdańsk", "PL", "Europe/Warsaw"),
            ("Wrocław", "PL", "Europe/Warsaw"),
            ("Łódź", "PL", "Europe/Warsaw"),
        ),
        "+48400######",
    ),
    Language(
        "bg",
        _words(
            "Ангелина Бояна Венета Гергана Даниела Елена Жана Ивелина Йоана Калина Мария Надежда Петя Ралица Станислава Цветелина"
        ),
        _words("Александър Борис Васил Георги Димитър Емил Живко Иван Калоян Любомир Мартин Николай Огнян Петър Стоян Христо"),
        _words(
            "Ангелова Борисова Василева Георгиева Димитрова Иванова Йорданова Колева Маринова Николова Петрова Попова Русева "
            "Стоянова Тодорова Христова Цветкова Янева"
        ),
        _words(
            "Ангелов Борисов Василев Георгиев Димитров Иванов Йорданов Колев Маринов Николов Петров Попов Русев Стоянов "
            "Тодоров Христов Цветков Янев"
        ),
        (
            ("София", "BG", "Europe/Sofia"),
            ("Пловдив", "BG", "Europe/Sofia"),
            ("Варна", "BG", "Europe/Sofia"),
            ("Бургас", "BG", "Europe/Sofia"),
            ("Велико Търново", "BG", "Europe/Sofia"),
        ),
        "+35998######",
    ),
    Language(
        "ru",
        _words(
            "Алина Анастасия Валентина Вера Дарья Екатерина Жанна Ирина Ксения Людмила Наталья Оксана Полина Светлана Татьяна"
        ),
        _words(
            "Алексей Андрей Виктор Владимир Григорий Дмитрий Евгений Игорь Кирилл Максим Никита Павел Роман Сергей Тимур Юрий"
        ),
        _words(
            "Алексеева Белова Васильева Громова Дмитриева Ершова Жукова Зайцева Карпова Лебедева Морозова Новикова Орлова "
            "Павлова Романова Соколова Фёдорова Яковлева"
        ),
        _words(
            "Алексеев Белов Васильев Громов Дмитриев Ершов Жуков Зайцев Карпов Лебедев Морозов Новиков Орлов Павлов Романов "
            "Соколов Фёдоров Яковлев"
        ),
        (
            ("Варна", "BG", "Europe/Sofia"),
            ("Бургас", "BG", "Europe/Sofia"),
            ("София", "BG", "Europe/Sofia"),
            ("Warszawa", "PL", "Europe/Warsaw"),
            ("London", "GB", "Europe/London"),
        ),
        "",
    ),
)

_LATIN = {
    **dict(zip("абвгдезийклмнопрстуфъыэ", "abvgdeziyklmnoprstufaye")),
    "ё": "yo",
    "ж": "zh",
    "х": "h",
    "ц": "ts",
    "ч": "ch",
    "ш": "sh",
    "щ": "sht",
    "ь": "",
    "ю": "yu",
    "я": "ya",
    **dict(zip("ąćęłńóśźż", "acelnoszz")),
}


def latin(name: str) -> str:
    """Return the name in the letters of an e-mail address."""
    spelled = "".join(_LATIN.get(letter, letter) for letter in name.lower())
    return "".join(letter for letter in spelled if letter.isascii() and letter.isalpha())
