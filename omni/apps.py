from __future__ import annotations

from django.apps import AppConfig


class OmniConfig(AppConfig):
    name = "omni"
    verbose_name = "Omni"

    def ready(self) -> None:
        from omni import (
            checks,  # noqa: F401  (registers the system checks)
            house_pages,
            shell,
        )

        shell.register()
        house_pages.register()
