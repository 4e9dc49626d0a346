"""Serve BottleCRM on a free port of this machine; run by its own interpreter, see bottle.py.

The database is a new SQLite file in the current folder. One line of JSON on standard output says
where it listens and what its tokens are. It ends when its standard input does: no server outlives
its tests.
"""

import json
import os
import secrets
import sys
import threading


def configure() -> None:
    """Load the product's own settings; only what it has to run without its services is changed."""
    import crm.settings as settings

    settings.DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": "crm.sqlite3",
            # Its threads write at the same time: wait for the lock instead of failing.
            "OPTIONS": {
                "timeout": 30,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
            },
        }
    }
    # Tables straight from the models, in a second; its migrations take many.
    settings.MIGRATION_MODULES = {name.rpartition(".")[2]: None for name in settings.INSTALLED_APPS}
    settings.CELERY_BROKER_URL, settings.CELERY_RESULT_BACKEND = "memory://", "cache+memory://"
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}}
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    settings.LOGGING_CONFIG = None
    os.environ["DJANGO_SETTINGS_MODULE"] = "crm.settings"

    import crm.celery  # noqa: F401  the app that its tasks are queued with
    import django

    django.setup()


def make_organisation() -> dict[str, str]:
    """Create an organisation, an administrator, a rep and the webhook; returns the secrets."""
    from common.models import Org, PersonalAccessToken, Profile, User
    from leads.models import LeadIntake

    org = Org.objects.create(name="Test", default_country="US")
    tokens, profiles = {}, {}
    for role, name in (("ADMIN", "integration"), ("USER", "rep")):
        user = User.objects.create_user(email=f"{name}@crm.example", name=name.title())
        profiles[name] = Profile.objects.create(user=user, org=org, role=role, is_active=True)
        tokens[name], _ = PersonalAccessToken.generate(profiles[name], name)
    intake = LeadIntake.objects.create(
        org=org, name="Audiences", key=secrets.token_urlsafe(32), assignee=profiles["rep"]
    )
    return {
        "token": tokens["integration"],
        "rep_token": tokens["rep"],
        "rep_id": str(profiles["rep"].pk),
        "intake": str(intake.pk),
        "intake_key": intake.key,
    }


def main() -> None:
    """Start, say where, serve until standard input ends."""
    configure()
    from django.core.management import call_command
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    call_command("migrate", run_syncdb=True, verbosity=0, interactive=False)
    application, settings = get_wsgi_application(), make_organisation()
    WSGIRequestHandler.disable_nagle_algorithm = True
    WSGIRequestHandler.log_message = lambda *_: None
    server = ThreadedWSGIServer(("127.0.0.1", 0), WSGIRequestHandler)
    server.daemon_threads = True
    server.set_app(application)
    settings["url"] = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps(settings), flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
