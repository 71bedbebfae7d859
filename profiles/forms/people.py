"""What may a person type about people and files?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from profiles import identity, imports
from profiles.imports import mapping, reading, values
from profiles.imports.mapping import Column, Decision, Plan
from profiles.models import AttributeDef, Consent, Identifier, Import, Topic

if TYPE_CHECKING:
    from datetime import date

MOST_UPLOAD_BYTES = 2 * 1024**3
ATTRIBUTE = "attribute"

TARGETS = [
    (mapping.SKIP, _("Leave out")),
    (_("Recognizes the person"), [(mapping.EMAIL, _("E-mail")), (mapping.PHONE, _("Phone")), (mapping.USER_ID, _("User id"))]),
    (_("Says something about the person"), [(ATTRIBUTE, _("Attribute")), (mapping.CREATED_AT, _("Known since"))]),
]
READINGS = [
    (values.Type.STRING.value, _("Text")),
    (values.Type.NUMBER.value, _("Number")),
    (values.Type.DATE.value, _("Date 31.12.2026")),
    (values.MONTH_FIRST, _("Date 12/31/2026")),
    (values.Type.BOOLEAN.value, _("Yes or no")),
    (values.Type.LIST.value, _("List")),
    (values.Type.OBJECT.value, _("JSON object")),
]
ENCODING_LABELS = {"utf-8-sig": "UTF-8 (BOM)", "cp1251": "Windows-1251", "cp1252": "Windows-1252", "cp1250": "Windows-1250"}
DELIMITER_LABELS = [(",", _("comma ,")), (";", _("semicolon ;")), ("\t", _("tab")), ("|", _("bar |"))]


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("File of people"),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.xls,.ods,.jsonl,.ndjson,.json,text/csv"}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_UPLOAD_BYTES:
            raise forms.ValidationError(_("The file is larger than 2 GB. Cut it into parts."))
        return file


class ShapeForm(forms.Form):
    """How the file is read."""

    encoding = forms.ChoiceField(label=_("Encoding"))
    delimiter = forms.ChoiceField(label=_("Columns are divided by"), choices=DELIMITER_LABELS)
    has_header = forms.TypedChoiceField(
        label=_("First row"),
        choices=[("1", _("names the columns")), ("0", _("is a person"))],
        coerce=lambda text: text == "1",
    )

    def __init__(self, data: Any = None, *, of: Import) -> None:
        shape = {"encoding": of.encoding, "delimiter": of.delimiter, "has_header": "1" if of.has_header else "0"}
        super().__init__(data, initial=shape)
        self._of = of
        if of.format != Import.Format.CSV:
            del self.fields["encoding"], self.fields["delimiter"]
            return
        names = dict.fromkeys([of.encoding, *reading.ENCODINGS])
        field = self.fields["encoding"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(name, ENCODING_LABELS.get(name, name.upper())) for name in names]

    def shape(self) -> reading.Shape:
        return replace(imports.shape_of(self._of), **self.cleaned_data)


class ColumnForm(forms.Form):
    """What one column becomes. `samples` are its first cells."""

    use_required_attribute = False

    to = forms.ChoiceField(label=_("Becomes"), choices=TARGETS)
    key = forms.CharField(label=_("Attribute"), max_length=255, widget=forms.TextInput(attrs={"list": "known-attributes"}))
    type = forms.ChoiceField(label=_("Read as"), choices=READINGS)

    def __init__(self, data: Any = None, *, column: Column, samples: list[str]) -> None:
        self.column, self.samples = column, samples
        is_attribute = bool(column.attribute)
        initial = {"to": ATTRIBUTE if is_attribute else column.to, "key": column.attribute or column.name, "type": column.type}
        super().__init__(data, prefix=f"column-{column.index}", initial=initial)
        if data is not None and data.get(self.add_prefix("to")) != ATTRIBUTE:
            self.fields["key"].required = self.fields["type"].required = False

    def answer(self) -> Column:
        data = self.cleaned_data
        to = f"{mapping.ATTRIBUTE}{data['key'].strip()}" if data["to"] == ATTRIBUTE else data["to"]
        kind = values.Type.DATE.value if to == mapping.CREATED_AT and not _is_date(data["type"]) else data["type"]
        return Column(self.column.index, self.column.name, to, kind or values.Type.STRING.value)


class ConsentDecisionForm(forms.Form):
    """What the people of a file allowed; needed as soon as a column is an address."""

    status = forms.ChoiceField(
        label=_("Did these people agree to hear from you?"),
        widget=forms.RadioSelect,
        required=False,
        choices=[
            (mapping.GRANTED, _("Yes, they agreed")),
            (mapping.UNKNOWN, _("No consent, or not known")),
            (mapping.WITHDRAWN, _("No, they opted out")),
        ],
    )
    channels = forms.MultipleChoiceField(
        label=_("By"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        choices=[(mapping.EMAIL, _("E-mail")), (mapping.PHONE, _("Phone"))],
    )
    topics = forms.MultipleChoiceField(label=_("About"), widget=forms.CheckboxSelectMultiple, required=False)
    source = forms.CharField(
        label=_("Where the consent comes from"),
        required=False,
        max_length=200,
        help_text=_("For example: form at the till, Sofia, since 2023"),
    )
    date = forms.DateField(label=_("On which day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, data: Any = None, *, decision: Decision, topics: Iterable[Topic], channels: Iterable[str] = ()) -> None:
        known = {
            "status": decision.status,
            "channels": list(decision.channels or channels),
            "topics": list(decision.topics),
            "source": decision.source,
            "date": decision.date,
        }
        super().__init__(data, prefix="consent", initial=known)
        field = self.fields["topics"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(topic.key, topic.name) for topic in topics]

    def answer(self) -> Decision:
        data = self.cleaned_data
        day: date | None = data.get("date")
        return Decision(
            status=data.get("status", ""),
            channels=tuple(data.get("channels", ())),
            topics=tuple(data.get("topics", ())),
            source=data.get("source", ""),
            date=day.isoformat() if day else "",
        )


class MappingForm:
    """All columns and the consent of one import, as one thing to fill in."""

    def __init__(self, data: Any = None, *, of: Import, samples: list[list[str]], topics: list[Topic]) -> None:
        plan = mapping.of(of)
        self.columns = [
            ColumnForm(data, column=column, samples=[row[column.index][:80] for row in samples if column.index < len(row)])
            for column in plan.columns
        ]
        self.consent = ConsentDecisionForm(data, decision=plan.consent, topics=topics, channels=plan.channels)
        self.errors: Mapping[str, str] = {}

    def plan(self) -> Plan | None:
        """Return what was filled in; None when a field is not even of its kind."""
        forms_ = [*self.columns, self.consent]
        valid = [form.is_valid() for form in forms_]  # each, so that all faults are shown at once
        if not all(valid):
            return None
        return Plan(tuple(form.answer() for form in self.columns), self.consent.answer())

    def mark(self, errors: Mapping[str, str]) -> None:
        """Show what mapping.check found at the fields it is about."""
        self.errors = errors
        for form in self.columns:
            if fault := errors.get(str(form.column.index)):
                form.add_error("key" if form.cleaned_data.get("to") == ATTRIBUTE else "to", fault)
        if fault := errors.get("consent"):
            self.consent.add_error(None, fault)


class AttributeForm(forms.Form):
    """One attribute of a person, typed in as text."""

    key = forms.CharField(label=_("Attribute"), max_length=255, widget=forms.TextInput(attrs={"list": "known-attributes"}))
    type = forms.ChoiceField(label=_("Type"), choices=[choice for choice in READINGS if choice[0] != values.MONTH_FIRST])
    value = forms.CharField(label=_("Value"), max_length=values.LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 2}))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not {"key", "type", "value"} <= set(data):
            return data
        kept = AttributeDef.objects.filter(key=data["key"]).values_list("type", flat=True).first()
        if kept is not None and kept not in (data["type"], values.Type.OBJECT):
            self.add_error("type", _("“%(key)s” is kept as: %(type)s.") % {"key": data["key"], "type": values.Type(kept).label})
            return data
        try:
            data["read"] = values.read(data["value"], kind=data["type"])
        except values.UnusableValueError as error:
            self.add_error("value", str(error))
        return data


SAYABLE = [(Consent.Status.GRANTED, _("Opted in")), (Consent.Status.WITHDRAWN, _("Opted out"))]


class ConsentForm(forms.Form):
    """One word about one address, said by staff for the person. An opt-in needs its reason."""

    subject = forms.ChoiceField(label=_("What"))
    status = forms.ChoiceField(label=_("The person"), choices=SAYABLE, widget=forms.RadioSelect)
    source = forms.CharField(
        label=_("How you know"),
        required=False,
        max_length=200,
        help_text=_("For example: asked by phone on 3 March. Needed for an opt-in."),
    )

    def __init__(self, data: Any = None, *, subjects: Iterable[tuple[str, str]], **options: Any) -> None:
        super().__init__(data, **options)
        field = self.fields["subject"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(subjects)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("status") == Consent.Status.GRANTED and not data.get("source", "").strip():
            self.add_error("source", _("Say how you know: a permission needs its proof."))
        return data


class LiftForm(forms.Form):
    reason = forms.CharField(label=_("Why it may be reached again"), max_length=300)


class IdentifierForm(forms.Form):
    """A first identifier of a person that staff add by hand."""

    type = forms.ChoiceField(
        label=_("Known by"), choices=[(mapping.EMAIL, _("E-mail")), (mapping.PHONE, _("Phone")), (mapping.USER_ID, _("User id"))]
    )
    value = forms.CharField(label=_("Value"), max_length=255)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if {"type", "value"} <= set(data):
            data["normal"] = identity.normalize(data["type"], data["value"])
            if data["normal"] is None:
                self.add_error("value", _("This cannot be used as an identifier. Phones need their country code."))
        return data


def _is_date(kind: str) -> bool:
    return kind in (values.Type.DATE, values.MONTH_FIRST)


OTHER_KIND = "other"


class NewIdentifierForm(forms.Form):
    """One more identifier of a known person."""

    type = forms.ChoiceField(
        label=_("Kind"), choices=[*Identifier.Type.choices, (OTHER_KIND, _("Another kind"))], initial=Identifier.Type.EMAIL
    )
    other_type = forms.SlugField(
        label=_("Name of the other kind"),
        required=False,
        max_length=32,
        help_text=_("For another kind: a word of your own in small letters, such as loyalty_card."),
    )
    value = forms.CharField(label=_("Value"), max_length=255)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        kind = (data.get("other_type") or "").lower() if data.get("type") == OTHER_KIND else data.get("type")
        if not kind and "type" in data:
            self.add_error("other_type", _("Say what kind of identifier it is."))
        elif kind and "value" in data:
            data["key"] = kind, identity.normalize(kind, data["value"])
            if data["key"][1] is None:
                self.add_error("value", _("This is not a value of its kind, or it is one that names nobody."))
        return data

    def key(self) -> identity.Key:
        kind, value = self.cleaned_data["key"]
        return kind, value

    def taken(self, *, is_own: bool, url: str) -> None:
        """Say that somebody has it; `url` leads to merging with them."""
        if is_own:
            self.add_error("value", _("This person has it already."))
            return
        words = gettext('Somebody else has it. Are they the same person? <a href="{url}">See both side by side</a>.')
        self.add_error("value", format_html(words, url=url))


class NoteForm(forms.Form):
    """A word of staff about a person."""

    text = forms.CharField(
        label=_("Note"),
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Staff see it, the person does not."),
    )
