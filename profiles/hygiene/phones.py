"""What kind of line is this phone number? From the numbering plans alone; nobody is called."""

from __future__ import annotations

import phonenumbers
from phonenumbers import PhoneNumberType

_LINES = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "landline",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "line_unknown",
    PhoneNumberType.PERSONAL_NUMBER: "line_unknown",
    PhoneNumberType.VOIP: "line_unknown",
}


def reason_of(number: str) -> str:
    """Return the code of the reason for a number in E.164. Whether it was ported cannot be seen from the number."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return "invalid_number"
    if not phonenumbers.is_valid_number(parsed):
        return "invalid_number"
    return _LINES.get(phonenumbers.number_type(parsed), "special_number")
