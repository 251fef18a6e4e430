"""Run by Alembic for every migration: on the connection, and in the transaction, that `store.schema` opened."""

from alembic import context

from broker.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
