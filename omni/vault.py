"""How are secrets kept at rest? Encrypted columns over SECRET_KEY and SALT_KEY; both can be rotated by fallbacks."""

from __future__ import annotations

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from encrypted_fields.fields import EncryptedTextField


class SecretJSONField(EncryptedTextField):
    """A JSON value, encrypted as a whole: unlike its leaves alone, not even the keys can be read in a dump."""

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else self.f.encrypt(json.dumps(value, cls=DjangoJSONEncoder).encode()).decode()

    def from_db_value(self, value: Any, expression: Any, connection: Any, *args: Any) -> Any:
        return None if value is None else json.loads(self.f.decrypt(value.encode()))

    def to_python(self, value: Any) -> Any:
        return value
