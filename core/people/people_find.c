/* The longest word of what is looked for drives the search, since it fits fewest; the others are looked up for each
 * that it finds. */
#include "people/people_find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "people/collate.h"
#include "people/people_internal.h"
#include "plugin/protected.h"

enum { WORDS_MAX = 4, NAME_ARENA = 256 << 10, NAME_WORDS_MAX = 40 };

struct words {
    const char *at[NAME_WORDS_MAX];
    size_t n;
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

/* A text that is no sound UTF-8 has none. */
static int split(struct arena *a, const char *text, size_t most, struct words *w)
{
    const char *folded;
    size_t n, i = 0;
    w->n = 0;
    int rc = text_fold(a, text, strlen(text), &folded, &n);
    if (rc) return rc == ERR_INVALID ? 0 : rc;
    while (i < n && w->n < most) {
        size_t from = i;
        while (i < n && is_letter(folded[i]))
            i++;
        if (i > from && !(w->at[w->n++] = arena_strndup(a, folded + from, i - from))) return ERR_NOMEM;
        if (i < n) i++;
    }
    return 0;
}

/* --- words of names --- */

static int put_word(struct store *db, enum people_find_kind kind, int64_t id, const char *word, struct err *err)
{
    struct stmt *s = store_stmt(db, "insert or ignore into people_word(kind, word, id) values(?1, ?2, ?3)", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, kind);
    stmt_bind_str(s, 2, word);
    stmt_bind_int(s, 3, id);
    return stmt_run(s, err);
}

static int forget(struct store *db, int64_t person, struct err *err)
{
    struct stmt *s = store_stmt(db, "delete from people_word where kind = 1 and id = ?1", err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, person);
    return stmt_run(s, err);
}

int people_words_put(struct store *db, enum people_find_kind kind, int64_t id, const char *name, struct err *err)
{
    struct arena a;
    struct words w;
    arena_init(&a, NAME_ARENA);
    int rc = split(&a, name, NAME_WORDS_MAX, &w) ? people_too_large(err) : 0;
    if (rc == 0 && kind == PEOPLE_FIND_PERSON) rc = forget(db, id, err);
    for (size_t i = 0; rc == 0 && i < w.n; i++)
        rc = put_word(db, kind, id, w.at[i], err);
    if (rc == 0 && w.n == 0) rc = put_word(db, kind, id, "", err); /* seen, though there is nothing to be found by */
    arena_close(&a);
    return rc;
}

static int fill(struct store *db, enum people_find_kind kind, const char *sql, struct err *err)
{
    for (int64_t id = 0;;) {
        struct stmt *s = store_stmt(db, sql, err);
        char name[1000] = "";
        if (!s) return err->code;
        stmt_bind_int(s, 1, id);
        int rc = stmt_step(s, err);
        id = rc == 1 ? stmt_int(s, 0) : 0;
        if (rc == 1) stmt_copy(s, 1, name, sizeof(name));
        stmt_done(s);
        if (rc == 1) rc = people_words_put(db, kind, id, name, err) ? err->code : 1;
        if (rc != 1) return rc;
    }
}

int people_words_fill(struct store *db, struct err *err)
{
    static const char persons[] =
        "select p.id, p.name from person p where p.id > ?1 and not exists (select 1 from people_word w where w.kind = 1"
        " and w.id = p.id) order by p.id limit 1";
    static const char units[] =
        "select u.id, coalesce((select group_concat(n.name, ' ') from unit_name n where n.unit = u.id), '') from unit u"
        " where u.id > ?1 and not exists (select 1 from people_word w where w.kind = 2 and w.id = u.id) order by u.id"
        " limit 1";
    int rc = fill(db, PEOPLE_FIND_PERSON, persons, err);
    return rc ? rc : fill(db, PEOPLE_FIND_UNIT, units, err);
}

/* --- finding --- */

/* The first word is driven by, the others are looked up; of a code all of it counts. */
#define BEGINS(col, from, to)                                                                                          \
    "(" from                                                                                                           \
    " is null or exists (select 1 from people_word x where x.kind = w.kind and x.id = w.id and x.word between " from   \
    " and " to "))"
#define FITS                                                                                                           \
    "select distinct w.id from people_word w where w.kind = ?1 and w.word between ?3 and ?4 and " BEGINS(              \
        "x", "?5", "?6") " and " BEGINS("x", "?7", "?8") " and " BEGINS("x", "?9", "?10")
#define HOLDS "exists (select 1 from position_held h where h.person = p.id and " HELD("h") ")"

static const char persons_sql[] =
    "select p.id, p.code, p.name, (select group_concat(holder.told, '; ') from (select q.title || ', ' || "
    "coalesce((select"
    " n.name from unit_name n where n.unit = h.unit and n.valid_from <= ?2 order by n.valid_from desc limit 1), '') as"
    " told from position_held h join position q on q.code = h.position where h.person = p.id and " HELD(
        "h") " order by"
             " q.rank, q.code limit 3) holder) from person p where p.code = ?12 or p.email = ?13 or (p.id in (" FITS
             ") and (?11 or " HOLDS ")) limit 51";
static const char units_sql[] =
    "select u.id, u.code, " PEOPLE_UNIT_NAME ", (select n.name from unit_parent p join unit_name n on n.unit = p.parent"
    " where p.unit = u.id and " HELD(
        "p") " and n.valid_from <= ?2 order by n.valid_from desc limit 1) from unit u where"
             " (u.code = ?12 or u.id in (" FITS ")) and " HELD("u") " limit 51";

static void bind_words(struct stmt *s, struct arena *a, struct words *w)
{
    for (size_t i = 1; i < w->n; i++)
        if (strlen(w->at[i]) > strlen(w->at[0])) {
            const char *longer = w->at[i];
            w->at[i] = w->at[0];
            w->at[0] = longer;
        }
    for (size_t i = 0; i < WORDS_MAX; i++) {
        const char *from = i < w->n ? w->at[i] : NULL, *to = from ? arena_printf(a, "%s\xf4\x8f\xbf\xbf", from) : NULL;
        stmt_bind_str(s, 3 + 2 * (int)i, to ? from : NULL);
        stmt_bind_str(s, 4 + 2 * (int)i, to);
    }
}

static int add_found(struct stmt *s, struct arena *a, struct val *out)
{
    static const char *const names[] = {"code", "name", "where"};
    struct val one = val_map();
    int rc = val_set(a, &one, "id", val_int(stmt_int(s, 0)));
    for (int i = 0; rc == 0 && i < 3; i++) {
        const char *text = people_text(s, i + 1, a);
        if (text) rc = val_set(a, &one, names[i], val_str(text));
    }
    return rc ? rc : val_add(a, out, one);
}

static int by_name(const void *a, const void *b)
{
    const struct val *x = val_get(a, "name"), *y = val_get(b, "name");
    if (!val_is(x, VAL_STR) || !val_is(y, VAL_STR)) return 0;
    return collate_compare("vi", x->as.str.s, x->as.str.len, y->as.str.s, y->as.str.len);
}

/* *all: not those alone who hold a position. */
static int may_find(struct session *s, enum people_find_kind kind, bool *all, struct err *err)
{
    struct err ignored = {0};
    const struct actor *who = &s->actor;
    *all = people_check(s, "people.read", PEOPLE_ANY_UNIT, &ignored) == 0;
    if (*all || who->person > 0 || (kind == PEOPLE_FIND_UNIT && who->user > 0)) return 0;
    return err_set(err, ERR_DENIED, "denied.verb", "verb", "people.read", NULL);
}

static void note(struct session *s, const struct words *w, struct arena *a)
{
    const char *text = "";
    if (!session_notes_reads(s)) return;
    for (size_t i = 0; text && i < w->n; i++)
        text = arena_printf(a, "%s%s%s", text, i ? " " : "", w->at[i]);
    if (text) session_note_read(s, &(struct session_read){.verb = "people.find", .kind = "person", .name = text});
}

int people_find(struct session *s, enum people_find_kind kind, const char *text, struct arena *a, struct val *out,
                struct err *err)
{
    struct words w;
    bool all;
    int rc = may_find(s, kind, &all, err);
    *out = val_list();
    if (rc == 0 && split(a, text, WORDS_MAX, &w)) rc = people_too_large(err);
    if (rc || w.n == 0) return rc;
    struct stmt *st = store_stmt(s->db, kind == PEOPLE_FIND_PERSON ? persons_sql : units_sql, err);
    if (!st) return err->code;
    stmt_bind_int(st, 1, kind);
    stmt_bind_int(st, 2, people_day(s->host, s->now));
    bind_words(st, a, &w);
    stmt_bind_int(st, 11, all);
    /* Who comes by a link knows no codes, and is not to try them. */
    if (all || s->actor.user > 0) stmt_bind_str(st, 12, text);
    /* Nor is an address, which is known to others, a question that everybody may ask. */
    if (all && kind == PEOPLE_FIND_PERSON) stmt_bind_str(st, 13, text);
    while ((rc = stmt_step(st, err)) == 1)
        if (add_found(st, a, out)) {
            rc = people_too_large(err);
            break;
        }
    stmt_done(st);
    if (rc == 0 && out->as.list.n && kind == PEOPLE_FIND_PERSON) note(s, &w, s->arena);
    if (rc == 0 && out->as.list.n) qsort(out->as.list.items, out->as.list.n, sizeof(struct val), by_name);
    return rc;
}
