/* The table was first the flow engine's (flow/003), for run:fetch alone. */
#include "outbox/outbox.h"

static const char kinds[] = "alter table outbox add column owner integer;"
                            "alter table outbox add column created_at integer;"
                            "drop index outbox_next;"
                            "create index outbox_due on outbox(kind, next_at) where next_at is not null;"
                            /* Dead letters: their attempts are used up, and they wait for the administrator. */
                            "create index outbox_dead on outbox(id) where next_at is null;"
                            "create index outbox_owner on outbox(owner) where owner is not null;"
                            "create table outbox_state(name text primary key, value integer not null) without rowid;";

/* By what the list is filtered. */
static const char sought[] = "create index outbox_kind on outbox(kind);"
                             "create index outbox_dead_kind on outbox(kind) where next_at is null;";

const struct store_migration outbox_migrations[] = {{"outbox/001", kinds}, {"outbox/002", sought}, {0}};
