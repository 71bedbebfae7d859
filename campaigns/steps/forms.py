"""How does the inspector ask for a step's params?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from campaigns.steps.base import Scene


class StepForm(forms.Form):
    """A form over a step's params. Nothing is required while drawing: what is missing is a fault, said on the canvas.

    Subclasses translate: `to_fields(params)` gives the initial values, `to_params()` what is stored (JSON-safe).
    """

    use_required_attribute = False
    optional: ClassVar[Collection[str]] = ()  # fields that may stay empty for good

    def __init__(self, data: Mapping[str, Any] | None = None, *, params: dict[str, Any], scene: Scene) -> None:
        self.params = params
        self.scene = scene
        super().__init__(data, initial=self.to_fields(params), auto_id=f"id_{scene.key}_%s")
        self.shape()
        self._say_what_is_optional()

    def full_clean(self) -> None:
        for field in self.fields.values():
            field.required = False
        super().full_clean()
        self._say_what_is_optional()

    def to_fields(self, params: dict[str, Any]) -> dict[str, Any]:
        return params

    def to_params(self) -> dict[str, Any]:
        return dict(self.cleaned_data)

    def shape(self) -> None:
        """Fill choices and take out the fields that do not matter for what is chosen so far."""

    def chosen(self, name: str) -> Any:
        """Return what the field holds now: typed or stored."""
        return self.data.get(self.add_prefix(name)) if self.is_bound else self.initial.get(name)

    def keep_only(self, *names: str) -> None:
        for name in [name for name in self.fields if name not in names]:
            del self.fields[name]

    def _say_what_is_optional(self) -> None:
        for name, field in self.fields.items():
            field.required = name not in self.optional
