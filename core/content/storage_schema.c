/* The tables of storage that are not declared by plugins: the key-value store and the numbering
 * books. */
#include "content/storage.h"

static const char schema[] = "create table kv("
                             " plugin text not null,"
                             " key text not null,"
                             " value blob not null,"
                             " primary key(plugin, key)) without rowid;"
                             "create table number_book("
                             " plugin text not null,"
                             " book text not null,"
                             " year integer not null,"
                             " last integer not null,"
                             " primary key(plugin, book, year)) without rowid;"
                             "create table number_issued("
                             " plugin text not null,"
                             " book text not null,"
                             " year integer not null,"
                             " number integer not null,"
                             " at integer not null,"
                             " person integer,"
                             " run integer,"
                             " void_at integer,"
                             " void_reason text,"
                             " primary key(plugin, book, year, number)) without rowid;";

static const char shapes[] = "create table storage_shape("
                             " plugin text not null,"
                             " name text not null,"
                             " hash text not null,"
                             " columns text not null,"
                             " primary key(plugin, name, hash)) without rowid;";

const struct store_migration storage_migrations[] = {{"storage/001", schema}, {"storage/002", shapes}, {0}};
