"""Tell which account a token opens: one account's ledger is never used for another."""

from .config import Sync
from .destination import Refused, Stop, Transient
from .errors import GuardError
from .ledger import Ledger, now
from .transport import Transport, patient


def whose_token(sync: Sync) -> str:
    """Return whose account the credentials open; raises Stop when the destination does not say."""
    with Transport(sync.destination, timeout_seconds=sync.timeout_seconds) as transport:
        try:
            return sync.destination.whose(patient(sync, transport))
        except (Transient, Refused) as problem:
            raise Stop(
                f"{sync.destination.name} does not say whose token this is ({problem})."
            ) from None


def known_account(ledger: Ledger) -> str | None:
    """Return the account that the ledger's records went to, None before the first push."""
    return ledger.value("select account from {t}.account where sync = {sync}")


def check_account(
    ledger: Ledger, sync: Sync, wanted: str | None = None, *, only_look: bool = False
) -> None:
    """Raise GuardError when the token opens another account than what was delivered went to.

    `wanted` is the account that a person named: if the token opens that one, the ledger turns to
    it, with `only_look` for this connection alone. Raises Stop when the destination does not say
    whose the token is.
    """
    found, known = whose_token(sync), known_account(ledger)
    if wanted and wanted != found:
        raise GuardError(f"The token opens {found}, and not {wanted}. Nothing was sent.")
    if known is None and not only_look:
        ledger.run("insert into {t}.account values ({sync}, ?, ?)", [found, now()])
    elif known not in (None, found) and wanted and only_look:
        ledger.sync = aside(ledger, found)
    elif known not in (None, found) and wanted:
        turn_to(ledger, known, found)
    elif known not in (None, found):
        raise GuardError(
            f"The token of {sync.name} opens {found}, and what was delivered went to {known}. "
            "Nothing was sent. Set the token of the account that is meant, or, when this one is, "
            f"look at `plan {sync.name} --account '{found}'` and push with the same --account."
        )


def pulled_from(ledger: Ledger, sync: Sync) -> str:
    """Return under which name the ledger keeps how far the account of now was read.

    Ledgers of before did not name the account: what they know is that of the account of now, and
    is thrown away where this sync was turned to another one since.
    """
    place, account = sync.place, known_account(ledger)
    name = f"{place}@{account}"
    was_turned = ledger.value(
        "select count(*) from {t}.sync_run where starts_with(sync, ?)", [aside(ledger, "")]
    )
    with ledger.transaction():
        for table in ("watermark", "pulled"):
            if was_turned:
                ledger.run(f"delete from {{t}}.{table} where source = ?", [place])
            else:
                ledger.run(f"update {{t}}.{table} set source = ? where source = ?", [name, place])
    return name


def aside(ledger: Ledger, account: str) -> str:
    """Return the name under which the records of an account are kept while another is pushed to."""
    return f"{ledger.sync}@{account}"


def turn_to(ledger: Ledger, known: str, found: str) -> None:
    """Put the records of one account aside and take out those of another, in one transaction."""
    tables = [
        name
        for (name,) in ledger.run(
            "select table_name from duckdb_columns() where database_name = 'ledger'"
            " and column_name = 'sync' and table_name <> 'account'"
        ).fetchall()
    ]
    with ledger.transaction():
        for table in tables:
            for old, new in (
                (ledger.sync, aside(ledger, known)),
                (aside(ledger, found), ledger.sync),
            ):
                ledger.run(f"update {{t}}.{table} set sync = ? where sync = ?", [new, old])
        ledger.run(
            "update {t}.account set account = ?, since = ? where sync = {sync}", [found, now()]
        )
