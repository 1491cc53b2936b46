/* The tables of files. A row never changes but in how many things it hangs on; one whose number is 0 for a day goes. */
#include "file/file.h"

static const char schema[] = "create table file("
                             " id integer primary key,"
                             " hash text not null,"
                             " size integer not null,"
                             " type text not null,"
                             " name text not null,"
                             " at integer not null,"
                             " user integer,"
                             " person integer,"
                             " hung integer not null default 0);"
                             "create index file_hash on file(hash);"
                             "create index file_loose on file(user, at) where hung = 0;"
                             "create trigger file_immutable before update of id, hash, size, type, name on file begin"
                             " select raise(abort, 'a file never changes'); end;"
                             "create table file_use("
                             " file integer not null,"
                             " kind text not null,"
                             " thing integer not null,"
                             " part integer not null,"
                             " plugin text,"
                             " primary key(file, kind, thing, part)) without rowid;"
                             "create index file_use_thing on file_use(kind, thing);";

const struct store_migration file_migrations[] = {{"file/001", schema}, {0}};
