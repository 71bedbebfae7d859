"""Does every plug-in of every registry keep its contract? One abstract test runs over each entry: being listed is enough."""

from __future__ import annotations

import inspect
import json
import re
from datetime import datetime
from typing import Any

import pytest
from django import forms
from django.db import connection
from django.utils import translation

from campaigns.models import Outcome
from campaigns.steps.base import Port, Scene, Step
from omni.registry import Registry
from profiles.models import ContactPoint
from segments.conditions.base import Condition, Sql
from tests.plugin_examples import CONDITIONS as CONDITION_EXAMPLES
from tests.test_docs import TABLES, registry_of

KEY = re.compile(r"[a-z][a-z0-9_]*")
PALETTE = {"tell", "wait", "decide", "change", "end", ""}
MODES = {"send", "pull", "sync", "task"}
REGISTRIES = {package.rsplit(".", 1)[-1]: registry_of(package) for package in TABLES.values()}
conditions, steps = REGISTRIES["conditions"], REGISTRIES["steps"]
channels, providers = REGISTRIES["channels"], REGISTRIES["providers"]

everything = pytest.mark.parametrize(
    ("registry", "plugin"),
    [pytest.param(registry, plugin, id=f"{name}-{plugin.key}") for name, registry in REGISTRIES.items() for plugin in registry],
)


def every(registry: Registry) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("plugin", list(registry), ids=lambda plugin: plugin.key)


# All kinds.


@everything
def test_it_has_a_key_that_may_be_stored_for_ever(registry: Registry, plugin: Any) -> None:
    assert KEY.fullmatch(plugin.key)
    assert registry[plugin.key] is plugin


@everything
def test_it_has_a_label_of_its_own(registry: Registry, plugin: Any) -> None:
    assert str(plugin.label).strip()
    assert [str(other.label) for other in registry].count(str(plugin.label)) == 1


@everything
def test_its_label_is_translated_when_shown_and_not_when_loaded(registry: Registry, plugin: Any) -> None:
    with translation.override("ru"):
        assert not isinstance(plugin.label, str) or plugin.label.isupper() or plugin.label in {"SMTP"}


@everything
def test_its_form_is_a_form(registry: Registry, plugin: Any) -> None:
    form = getattr(plugin, "Form", None) or getattr(plugin, "ContentForm", None) or plugin.SettingsForm

    assert inspect.isclass(form)
    assert issubclass(form, forms.BaseForm)


@everything
def test_it_leaves_nothing_of_its_contract_open(registry: Registry, plugin: Any) -> None:
    declared = {name for base in type(plugin).__mro__ for name in getattr(base, "__annotations__", {})}

    assert not inspect.isabstract(type(plugin))
    assert {name for name in declared if not name.startswith("_") and not hasattr(plugin, name)} == set()


# Conditions.

condition_examples = pytest.mark.parametrize(
    ("plugin", "params"),
    [
        pytest.param(plugin, params, id=f"{plugin.key}-{number}")
        for plugin in conditions
        for number, params in enumerate(CONDITION_EXAMPLES.get(plugin.key, []))
    ],
)


def test_every_condition_has_an_example() -> None:
    assert {plugin.key for plugin in conditions} == set(CONDITION_EXAMPLES)


@pytest.mark.django_db
@condition_examples
def test_a_condition_describes_itself_in_words(plugin: Condition, params: dict) -> None:
    said = plugin.describe(params)

    assert len(said.split()) >= 2
    assert "{" not in said
    assert "%(" not in said


@condition_examples
def test_a_condition_names_the_changes_that_can_alter_its_answer(plugin: Condition, params: dict) -> None:
    read = plugin.reads(params)

    assert read
    assert all(kind and name for kind, _, name in (change.partition(":") for change in read))


@pytest.mark.django_db
@condition_examples
@pytest.mark.parametrize("among", [None, [], [1, 2]], ids=["all", "nobody", "two"])
def test_a_condition_compiles_to_ids_of_people(plugin: Condition, params: dict, among: list[int] | None, now: datetime) -> None:
    assert _rows(plugin.ids(params, now=now, among=among)) == []


@pytest.mark.django_db
@condition_examples
def test_a_condition_says_when_time_flips_it(plugin: Condition, params: dict, now: datetime) -> None:
    flips = plugin.flips_at(params, now=now, among=None)

    assert flips is None or _rows(flips) == []


@pytest.mark.django_db
@condition_examples
def test_a_condition_gives_evidence_for_a_few(plugin: Condition, params: dict, now: datetime) -> None:
    assert plugin.evidence(params, now=now, profile_ids=[1]) == {}


@pytest.mark.django_db
@condition_examples
def test_chosen_values_never_become_sql(plugin: Condition, params: dict, now: datetime) -> None:
    canary = "x'; DROP TABLE profiles_profile; --"
    infected = json.loads(json.dumps(params).replace("PL", canary).replace("Boots", canary).replace("Order Completed", canary))

    if infected != params:
        compiled = plugin.ids(infected, now=now, among=None)
        assert "DROP TABLE" not in compiled.text


def _rows(sql: Sql) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql.text, sql.params)
        return cursor.fetchall()


# Steps.


@every(steps)
@pytest.mark.django_db
def test_a_fresh_step_says_what_it_does(plugin: Step) -> None:
    scene = Scene("here")

    assert plugin.describe(plugin.fresh(scene), scene).strip()


@every(steps)
@pytest.mark.django_db
def test_a_fresh_step_can_be_stored_and_edited(plugin: Step) -> None:
    scene = Scene("here")
    params = plugin.fresh(scene)

    assert json.loads(json.dumps(params)) == params
    assert plugin.Form(params=params, scene=scene).as_p() is not None


@every(steps)
@pytest.mark.django_db
def test_a_step_has_exits_with_keys_of_their_own_and_a_place_in_the_palette(plugin: Step) -> None:
    exits = list(plugin.exits(plugin.fresh(Scene("here"))))

    assert all(isinstance(port, Port) and port.key for port in exits)
    assert len({port.key for port in exits}) == len(exits)
    assert plugin.group in PALETTE


@every(steps)
@pytest.mark.django_db
def test_a_step_names_its_faults_in_words_and_survives_empty_params(plugin: Step) -> None:
    faults = plugin.faults({}, Scene("here"))

    assert all(fault.strip().endswith((".", "?")) for fault in faults)


# Channels and providers.


@every(channels)
def test_a_channel_writes_to_a_known_kind_of_address(plugin: Any) -> None:
    assert plugin.mode in MODES
    assert KEY.fullmatch(plugin.address_kind)
    assert len(plugin.address_kind) <= ContactPoint._meta.get_field("kind").max_length
    assert plugin.reached_by in Outcome.Kind.values
    assert all(isinstance(limit, int) and limit > 0 for limit in plugin.limits.values())


@every(providers)
def test_a_provider_serves_a_known_channel(plugin: Any) -> None:
    assert plugin.channel in channels
    assert isinstance(plugin.keyed, bool)
    assert plugin.rate is None or plugin.rate > 0


def test_every_channel_has_a_provider() -> None:
    served = {plugin.channel for plugin in providers}

    assert {plugin.key for plugin in channels if plugin.mode == "send"} <= served
