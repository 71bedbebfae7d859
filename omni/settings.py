"""Settings of one installation. Everything that may differ is read from the environment."""

from __future__ import annotations

import logging
import sys
from typing import Any

import django_stubs_ext
import structlog
from csp.constants import NONCE, NONE, SELF
from whitenoise.compress import Compressor

from omni import embedded, env
from omni.logs import logging_config

# Lets `ModelForm[Campaign]` and its like be written outside of annotations.
django_stubs_ext.monkeypatch()

BASE_DIR = env.BASE_DIR
VAR = env.var_dir()
TESTING = "pytest" in sys.modules

SECRET_KEY = env.secret("SECRET_KEY")
SALT_KEY = env.secret("SALT_KEY")  # Salt of the encrypted columns; see omni.vault
TOMBSTONE_KEY = env.secret("TOMBSTONE_KEY")  # Hashes of erased identifiers; lose it and they can come back
DEBUG = env.read.bool("DEBUG", default=False)
PORT = env.read.int("PORT", default=8000)
BASE_URL = env.read.str("BASE_URL", default=f"http://localhost:{PORT}").rstrip("/")
INGEST_PER_SECOND = env.read.int("INGEST_PER_SECOND", default=50)  # Requests of one source for long; a batch is one
INGEST_BURST = env.read.int("INGEST_BURST", default=60 * INGEST_PER_SECOND)  # Requests of one source at once after a pause
PHONE_REGION = env.read.str("PHONE_REGION", default="")  # Country of phone numbers written without one, such as "BG"
ALLOWED_HOSTS = env.read.list("ALLOWED_HOSTS", default=["*"])
CSRF_TRUSTED_ORIGINS = env.read.list("CSRF_TRUSTED_ORIGINS", default=[BASE_URL])

INSTALLED_APPS = [
    "omni.apps.OmniConfig",
    "profiles.apps.ProfilesConfig",
    "segments.apps.SegmentsConfig",
    "campaigns.apps.CampaignsConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "template_partials.apps.SimpleAppConfig",
    "widget_tweaks",
    "django_htmx",
    "django_filters",
    "django_celery_beat",
    "django_structlog",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "profiles.views.door.Door",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "omni.middleware.RequestLog",
    "omni.api_manners.ApiManners",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "omni.middleware.ViewerMiddleware",
    "omni.toasts.ToastMiddleware",
]

ROOT_URLCONF = "omni.urls"
WSGI_APPLICATION = "omni.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "builtins": [
                "template_partials.templatetags.partials",
                "django.templatetags.i18n",
                "django.templatetags.l10n",
                "django.templatetags.static",
                "omni.templatetags.omni",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "omni.context.shell",
            ],
        },
    }
]
FORM_RENDERER = "omni.forms.Renderer"

_database = embedded.database()
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **_database,
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            **_database.get("OPTIONS", {}),
            "application_name": "omni",
            "options": env.read.str("DATABASE_OPTIONS", default="-c lock_timeout=5s -c jit=off"),
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "omni.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "omni.accounts.Adapter"
ACCOUNT_LOGOUT_ON_GET = False
USERSESSIONS_TRACK_ACTIVITY = False
SESSION_COOKIE_AGE = 12 * 3600
SESSION_SAVE_EVERY_REQUEST = False
SECURE_COOKIES = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if SECURE_COOKIES:
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "locale"]
# What people may speak; of these the interface speaks the ones somebody translated.
PEOPLE_LANGUAGES = [("en", "English"), ("ru", "Русский"), ("bg", "Български"), ("pl", "Polski")]
LANGUAGES = [
    (code, name)
    for code, name in PEOPLE_LANGUAGES
    if code == "en" or (LOCALE_PATHS[0] / code / "LC_MESSAGES" / "django.po").exists()
]
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = VAR / "files"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING or DEBUG
        else "omni.static_files.PackedStaticFilesStorage"
    },
}
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = [*Compressor.SKIP_COMPRESS_EXTENSIONS, "map"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["omni.api.ApiKeyAuthentication", "rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["omni.api.ScopePermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["omni.json_guard.GuardedJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "omni.pagination.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "omni.api.problem_details",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
API_RATE_PER_SECOND = env.read.float("API_RATE_PER_SECOND", default=10.0)  # of one API key; 0: as much as it likes
API_BURST = env.read.int("API_BURST", default=100)  # calls a key may make at once after a pause
SPECTACULAR_SETTINGS = {
    "TITLE": "Omni API",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "DESCRIPTION": "Everything a page of Omni can do, for programs. Send the key as `Authorization: Bearer <key>`.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "omni.api_schema.describe_manners",
    ],
    "ENUM_NAME_OVERRIDES": {
        "ImportState": "profiles.models.Import.State",
        "CleaningState": "profiles.models.Cleaning.State",
        "AddressState": "profiles.models.AddressCheck.State",
        "SuppressionReason": "profiles.models.Suppression.Reason",
        "CampaignState": "campaigns.models.Campaign.State",
        "EnrolmentState": "campaigns.models.Enrolment.State",
    },
}

LOGGING = logging_config(level=env.read.str("LOG_LEVEL", default="INFO"), as_json=env.read.bool("LOG_JSON", default=True))
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)

MAILBOX_HOST = env.read.str("MAILBOX_HOST", default="127.0.0.1")
MAILBOX_PORT = env.read.int("MAILBOX_PORT", default=PORT + 25)
MAILBOX_DIR = VAR / "mailbox"
EMAIL_HOST, EMAIL_PORT = MAILBOX_HOST, MAILBOX_PORT
