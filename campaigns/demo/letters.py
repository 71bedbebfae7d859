"""What does the demo company write, and through whom does it go?"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from campaigns.demo import goods
from campaigns.models import Policy, ProviderAccount, Sender, Template
from omni.models import User

HISTORY_MAILBOX = "demo-history"
GREETING = (
    '{% case person.language %}{% when "pl" %}Cześć{% when "bg" %}Здравей{% when "ru" %}Здравствуйте{% else %}Hello{% endcase %}'
    "{% if person.first_name %} {{ person.first_name }}{% endif %}"
)
BODY = """<mjml>
  <mj-head>
    <mj-attributes>
      <mj-all font-family="Helvetica, Arial, sans-serif" />
      <mj-text font-size="16px" line-height="1.55" color="#182022" />
      <mj-button background-color="#0b6169" color="#ffffff" border-radius="6px" font-size="16px" inner-padding="13px 26px" />
    </mj-attributes>
  </mj-head>
  <mj-body background-color="#f2f4f4">
    <mj-section padding="28px 0 12px">
      <mj-column>
        <mj-text align="center" font-size="13px" letter-spacing="3px" color="#566064">NORDWIND OUTDOOR</mj-text>
      </mj-column>
    </mj-section>
    <mj-section background-color="#ffffff" border-radius="10px" padding="24px 16px">
      <mj-column>
        <mj-text font-size="25px" font-weight="700" line-height="1.25">{title}</mj-text>
        <mj-text>{greeting},</mj-text>
        {paragraphs}
        <mj-button href="{url}" align="left">{button}</mj-button>
        {extra}
      </mj-column>
    </mj-section>
    <mj-section padding="18px 0 32px">
      <mj-column>
        <mj-text align="center" font-size="12px" color="#566064">
          {{{{ company.postal_address }}}}<br />
          You get this letter because you asked us to write.
          <a href="{{{{ unsubscribe_url }}}}">Unsubscribe</a> · <a href="{{{{ preferences_url }}}}">Choose what you get</a>
        </mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""


@dataclass(frozen=True)
class Letter:
    key: str
    name: str
    subject: str
    preheader: str
    title: str
    paragraphs: tuple[str, ...]
    button: str
    path: str
    extra: str = ""


_SHOP_SUBJECT = (
    '{{% case person.language %}}{{% when "pl" %}}{pl}{{% when "bg" %}}{bg}{{% when "ru" %}}{ru}{{% else %}}{en}{{% endcase %}}'
)

LETTERS = (
    Letter(
        "season_a",
        "New season: what is new",
        _SHOP_SUBJECT.format(
            pl="Nowy sezon jest już w sklepie", bg="Новият сезон е тук", ru="Новый сезон уже здесь", en="The new season is here"
        ),
        "Boots, shells and packs for the months ahead.",
        "The new season is here",
        ("Forty new pieces have arrived, tested on wet rock and in worse weather than you will ever want to be out in.",),
        "See what is new",
        "/new",
    ),
    Letter(
        "season_b",
        "New season: picked for you",
        _SHOP_SUBJECT.format(
            pl="Wybraliśmy coś dla Ciebie", bg="Избрахме нещо за теб", ru="Мы выбрали кое-что для вас", en="Picked for you"
        ),
        "Something new from what you like to look at.",
        "{% if person.favourite_category %}New in {{ person.favourite_category }}{% else %}New this week{% endif %}",
        (
            "You like to look at {{ person.favourite_category | default: 'our boots' | downcase }}, "
            "so we put the new ones aside for you.",
            "As a {{ person.loyalty_tier | default: 'club' }} member you may have them two days before everybody else.",
        ),
        "Look at yours",
        "/for-you",
        '<mj-text font-size="14px" color="#566064">You have {{ person.points | default: 0 }} points.</mj-text>',
    ),
    Letter(
        "season_last",
        "New season: the last sizes",
        _SHOP_SUBJECT.format(pl="Ostatnie rozmiary", bg="Последни размери", ru="Последние размеры", en="The last sizes"),
        "What people took home, and what is left.",
        "Going quickly",
        ("Half of the new pieces are gone already. These are still there in every size.",),
        "See what is left",
        "/left",
    ),
    Letter(
        "quiet_a",
        "We have not seen you: a question",
        _SHOP_SUBJECT.format(
            pl="Wszystko w porządku?", bg="Всичко наред ли е?", ru="Всё ли в порядке?", en="Is everything all right?"
        ),
        "Tell us what we could do better.",
        "We have not seen you for a while",
        ("Did something not fit, or not hold? Answer this letter, a person reads it.",),
        "Come back in",
        "/",
    ),
    Letter(
        "quiet_b",
        "We have not seen you: free repair",
        _SHOP_SUBJECT.format(
            pl="Naprawimy to za darmo", bg="Поправяме го безплатно", ru="Починим бесплатно", en="We mend it for free"
        ),
        "Bring it to a store, whatever the brand.",
        "A zip, a seam, a sole?",
        ("Bring it to a store near you. We mend it for free this month, whatever the brand.",),
        "Find a store",
        "/stores",
    ),
    Letter(
        "rain",
        "Rain on Saturday",
        _SHOP_SUBJECT.format(pl="W sobotę pada", bg="В събота вали", ru="В субботу дождь", en="Rain on Saturday"),
        "How to wax a jacket in ten minutes.",
        "Rain on Saturday",
        ("Ten minutes and a sponge are enough to make an old shell shed water again. Here is how.",),
        "Read how",
        "/care/wax",
    ),
    Letter(
        "welcome",
        "Welcome to the club",
        _SHOP_SUBJECT.format(
            pl="Witamy w klubie", bg="Добре дошли в клуба", ru="Добро пожаловать в клуб", en="Welcome to the club"
        ),
        "What you get, and what we never do.",
        "Welcome to the club",
        ("You get early access, points for everything and a repair a year. What we never do: write more than twice a week.",),
        "Look around",
        "/club",
    ),
    Letter(
        "welcome_store",
        "Welcome: your store",
        _SHOP_SUBJECT.format(pl="Twój sklep", bg="Твоят магазин", ru="Ваш магазин", en="Your store"),
        "Where to try things on.",
        "Try it on in {{ person.home_store | default: 'a store' }}",
        ("Order online, try on in the store, leave there what does not fit.",),
        "Open the store's page",
        "/stores",
    ),
    Letter(
        "cart",
        "Still in your cart",
        _SHOP_SUBJECT.format(pl="Zostało w koszyku", bg="Остана в количката", ru="Осталось в корзине", en="Still in your cart"),
        "We keep it for two days.",
        "Still in your cart",
        ("We keep it for you for two days. Questions about a size? Answer this letter.",),
        "Back to the cart",
        "/cart",
    ),
)


def write_all(*, by: User) -> dict[str, Template]:
    """Make the templates; return them by key."""
    return {letter.key: Template.objects.create(created_by=by, **_fields(letter)) for letter in LETTERS}


def open_accounts() -> Sender:
    """Make the accounts and the sender; during the history letters go to a sandbox."""
    sandbox = ProviderAccount.objects.create(
        name="Sandbox (history)",
        provider="sandbox",
        channel="email",
        settings={"mailbox": HISTORY_MAILBOX, "keyed": True, "bounce_percent": 1, "seed": "nordwind"},
    )
    policy = Policy.load()
    policy.cap_per_day, policy.cap_per_week = 1, 3
    policy.save()
    return Sender.objects.create(
        name=goods.COMPANY,
        email="hello@nordwind.example.com",
        reply_to="care@nordwind.example.com",
        account=sandbox,
        is_default=True,
    )


def switch_to_mailbox(sender: Sender) -> None:
    """From now on letters go by SMTP to the local mailbox catcher."""
    ProviderAccount.objects.filter(channel="email", is_default=True).update(is_default=False)
    sender.account = ProviderAccount.objects.create(
        name="Local mailbox",
        provider="smtp",
        channel="email",
        is_default=True,
        settings={
            "host": settings.MAILBOX_HOST,
            "port": settings.MAILBOX_PORT,
            "security": "none",
            "username": "",
            "password": "",
        },
    )
    sender.save(update_fields=["account"])


def _fields(letter: Letter) -> dict[str, str]:
    paragraphs = "\n        ".join(f"<mj-text>{paragraph}</mj-text>" for paragraph in letter.paragraphs)
    body = BODY.format(
        title=letter.title,
        greeting=GREETING,
        paragraphs=paragraphs,
        url=f"{goods.SITE}{letter.path}?customer={{{{ person.loyalty_tier | downcase }}}}",
        button=letter.button,
        extra=letter.extra,
    )
    return {"name": letter.name, "subject": letter.subject, "preheader": letter.preheader, "markup": "mjml", "body": body}
