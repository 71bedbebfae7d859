"""Which pages do the people we write to see?"""

from __future__ import annotations

from django.urls import path

from campaigns.views import joining, public

app_name = "public"
urlpatterns = [
    path("t/c/<str:token>", public.click, name="click"),
    path("t/o/<str:token>.gif", public.opened, name="open"),
    path("s/<slug:key>", joining.sign_up, name="sign-up"),
    path("confirm/<str:token>", joining.confirm, name="confirm"),
    path("u/sample", public.unsubscribe_sample, name="unsubscribe-sample"),
    path("u/<str:token>", public.unsubscribe, name="unsubscribe"),
]
