"""What Alembic runs: the migrations, in the transaction that `services.storage.migrations.run` has begun."""

from __future__ import annotations

from alembic import context

from services.storage.tables.sieve import sieve_script

context.configure(
    connection=context.config.attributes["connection"], target_metadata=sieve_script.metadata, render_as_batch=True
)
context.run_migrations()
