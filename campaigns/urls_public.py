"""Which pages do the people we write to see?"""

from __future__ import annotations

from django.urls import path

from campaigns.views import joining, preferring, public

app_name = "public"
urlpatterns = [
    path("t/c/<str:token>", public.click, name="click"),
    path("t/o/<str:token>.gif", public.opened, name="open"),
    path("s/<slug:key>", joining.sign_up, name="sign-up"),
    path("confirm/<str:token>", joining.confirm, name="confirm"),
    path("p/sample", preferring.sample, name="preferences-sample"),
    path("p/<str:token>", preferring.choose, name="preferences"),
    path("p/<str:token>/pause", preferring.pause, name="preferences-pause"),
    path("p/<str:token>/wake", preferring.wake, name="preferences-wake"),
    path("p/<str:token>/address", preferring.new_address, name="preferences-address"),
    path("p/<str:token>/requests", preferring.ask, name="preferences-ask"),
    path("address/<str:token>", preferring.confirm_address, name="confirm-address"),
    path("u/sample", public.unsubscribe_sample, name="unsubscribe-sample"),
    path("u/<str:token>", public.unsubscribe, name="unsubscribe"),
]
