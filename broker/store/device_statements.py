"""The statements of devices that wait, and of user codes that were typed; `statements` says how the others are made."""

from __future__ import annotations

from sqlalchemy import text

OPEN_DEVICE = text(
    "INSERT INTO device_codes (handle, user_code, client_id, asked, state, wait, next_at, hasty, ends_at, expires_at) "
    "VALUES (:handle, :user_code, :client_id, :asked, 'pending', :wait, 0, 0, :ends_at, :expires_at) "
    "ON CONFLICT DO NOTHING RETURNING handle"
)
_WAITS = "user_code = :key AND state = 'pending' AND ends_at > :now"
DEVICE_WAITING = text(f"SELECT client_id, asked FROM device_codes WHERE {_WAITS}")  # noqa: S608  two constants
ANSWER_DEVICE = text(
    "UPDATE device_codes SET state = :to_state, tenant = :to_tenant, answer = :to_answer "  # noqa: S608  two constants
    f"WHERE {_WAITS} RETURNING handle"
)
# On the right of each `=` stands the row as it was.
POLL_DEVICE = text(
    "UPDATE device_codes SET hasty = CASE WHEN :at < next_at THEN 1 ELSE 0 END, "
    "wait = CASE WHEN :at < next_at THEN wait + 5 ELSE wait END, "
    "next_at = CAST(:at AS BIGINT) + CASE WHEN :at < next_at THEN wait + 5 ELSE wait END "
    "WHERE handle = :handle AND client_id = :client_id RETURNING state, hasty, ends_at"
)
OWNER_OF_DEVICE = text("SELECT client_id FROM device_codes WHERE handle = :handle")
TAKE_DEVICE = text(
    "DELETE FROM device_codes WHERE handle = :handle AND client_id = :client_id AND state <> 'pending' "
    "RETURNING tenant, answer, user_code"
)
GUESS = text(
    "INSERT INTO guesses (key, many, expires_at) VALUES (:key, 1, :until) "
    "ON CONFLICT (key) DO UPDATE SET many = CASE WHEN guesses.expires_at <= :now THEN 1 ELSE guesses.many + 1 END, "
    "expires_at = CASE WHEN guesses.expires_at <= :now THEN excluded.expires_at ELSE guesses.expires_at END "
    "RETURNING many"
)
