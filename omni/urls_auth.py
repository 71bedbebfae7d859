"""How does one sign in, out, and change a password?"""

from __future__ import annotations

from allauth.account import views as account
from allauth.usersessions import views as sessions
from django.urls import path

from omni.views import entrance

# Only what an invited team needs: no sign-up, no e-mail management, no reset by e-mail (an owner gives a new link).
urlpatterns = [
    path("login/", entrance.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("signup/", account.signup, name="account_signup"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/set/", account.password_set, name="account_set_password"),
    path("sessions/", sessions.list_usersessions, name="usersessions_list"),
    path("welcome/<str:uid>/<str:token>/", entrance.first_password, name="first-password"),
]
