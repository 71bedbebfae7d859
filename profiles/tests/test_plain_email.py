"""The short way for plain addresses gives what the parser gives."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from profiles.identity import normalize

PARTS = st.text(alphabet="abzABZ019._+-@", max_size=12)
DOMAINS = st.sampled_from(
    ["shop.test", "Example.com", "xn--bcher-kva.example", "localhost", "a..b", "-a.com", "a-.com", "com", "a" * 64 + ".com"]
)


@given(local=PARTS | st.text(alphabet="a.", min_size=60, max_size=70), domain=DOMAINS | PARTS)
def test_a_plain_address_is_judged_as_the_parser_would(local: str, domain: str) -> None:
    text = f"{local}@{domain}"

    try:
        found = validate_email(text, check_deliverability=False, test_environment=True)
        expected = f"{found.local_part}@{found.ascii_domain}".lower()
    except EmailNotValidError:
        expected = None

    assert normalize("email", text) == expected
