/* The tables of content. A revision never changes: the database itself refuses it. An address, once
 * given to an item, stays that item's, so that old links lead on. */
#include "content/content.h"

static const char schema_items[] = "create table item("
                                   " id integer primary key,"
                                   " type text not null,"
                                   " slug text not null,"
                                   " next_slug text,"
                                   " unit integer,"
                                   " state text not null check(state in "
                                   "('draft','in_review','approved','scheduled','published','retracted',"
                                   "'archived')),"
                                   " draft_rev integer not null,"
                                   " pub_rev integer,"
                                   " approved_rev integer,"
                                   " scheduled_rev integer,"
                                   " pub_id integer,"
                                   " publish_at integer,"
                                   " until_at integer,"
                                   " pub_until integer,"
                                   " due_at integer,"
                                   " due_tries integer not null default 0,"
                                   " due_error text,"
                                   " created_by integer,"
                                   " created_at integer not null,"
                                   " changed_at integer not null,"
                                   " published_at integer,"
                                   " was_public integer not null default 0,"
                                   " hash text not null);"
                                   "create index item_due on item(due_at, id) where due_at is not null;"
                                   "create index item_refused on item(due_at) where due_tries > 0;"
                                   "create table item_slug("
                                   " type text not null,"
                                   " slug text not null,"
                                   " item integer not null,"
                                   " primary key(type, slug)) without rowid;"
                                   "create table revision("
                                   " id integer primary key,"
                                   " item integer not null,"
                                   " rev integer not null,"
                                   " hash text not null,"
                                   " body text not null,"
                                   " author integer,"
                                   " run integer,"
                                   " at integer not null,"
                                   " note text);"
                                   "create unique index revision_item on revision(item, rev);"
                                   "create trigger revision_immutable before update on revision begin"
                                   " select raise(abort, 'a revision never changes'); end;"
                                   "create table item_log("
                                   " id integer primary key,"
                                   " item integer not null,"
                                   " verb text not null,"
                                   " was text,"
                                   " now text not null,"
                                   " rev integer not null,"
                                   " at integer not null,"
                                   " user integer,"
                                   " person integer,"
                                   " run integer,"
                                   " plugin text,"
                                   " reason text,"
                                   " detail text);"
                                   "create index item_log_item on item_log(item, id);";

/* The text as it is, and folded: a search without marks reads the folded columns, and exact marks
 * rank first. The rowid is twice the item's id, plus one for what is public. */
static const char schema_search[] = "create virtual table item_text using fts5(title, body, title_folded, body_folded,"
                                    " tokenize = 'unicode61 remove_diacritics 0');";

const struct store_migration content_migrations[] = {
    {"content/001", schema_items},
    {"content/002", schema_search},
    {"content/003", "alter table revision add column plugin text"},
    {"content/seals", "alter table revision add column salt blob;"
                      "create index item_slug_item on item_slug(item)"},
    {0},
};
