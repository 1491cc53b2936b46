/* From the text of a pattern to its items.
 *
 * Which captures are open, and which exist, is known at each place of a pattern, since it has no alternatives: so all
 * that can be wrong with it is found here. It becomes an item that fails, at its place: a pattern whose wrong part is
 * never reached does not fail, as the manual's implementation has it. */
#include <string.h>

#include "vm/pattern_internal.h"

struct compiler {
    struct pattern *p;
    const char *at, *end;
    int32_t back; /* the last repetition */
    int level;    /* captures so far */
    uint8_t open[PATTERN_CAPTURES];
    int nopen;
    bool full; /* out of room */
};

static struct pattern_item *add(struct compiler *c, enum pattern_op op)
{
    struct pattern *p = c->p;
    if (p->nitems == p->max_items) {
        c->full = true;
        p->nitems = 0; /* what is made from here on is thrown away */
    }
    struct pattern_item *i = &p->items[p->nitems++];
    i->op = (uint8_t)op;
    i->back = c->back;
    return i;
}

static void fail(struct compiler *c, const char *message, int number)
{
    struct pattern_item *i = add(c, ITEM_ERROR);
    i->text = message;
    i->len = (uint32_t)number;
    c->at = c->end; /* what follows is never reached */
}

/* A free bit in the tables, for one more set. */
static uint16_t *new_set(struct compiler *c, struct pattern_set *set)
{
    struct pattern *p = c->p;
    if (p->nsets == p->max_sets) {
        c->full = true;
        p->nsets = 0;
    }
    uint16_t *table = p->tables + p->nsets / PATTERN_SETS * 256;
    if (p->nsets % PATTERN_SETS == 0) memset(table, 0, 256 * sizeof(*table));
    *set = (struct pattern_set){table, (uint16_t)(1 << p->nsets % PATTERN_SETS), 0};
    p->nsets++;
    return table;
}

/* --- single items --- */

/* What a single item takes. */
struct single {
    enum pattern_kind kind;
    char c; /* REPEAT_BYTE */
    struct pattern_set set;
};

/* Moves on; false: malformed. */
static bool read_single(struct compiler *c, struct single *item)
{
    char ch = *c->at++;
    item->kind = REPEAT_BYTE;
    item->c = ch;
    if (ch == '.') {
        item->kind = REPEAT_ANY;
        item->set = pattern_set_any();
    } else if (ch == '[') {
        const char *last = pattern_set_end(c->at - 1, c->end);
        if (!last) {
            fail(c, "malformed pattern (missing ']')", 0);
            return false;
        }
        item->kind = REPEAT_SET;
        uint16_t *table = new_set(c, &item->set);
        pattern_set_read(&item->set, table, c->at - 1, last);
        c->at = last + 1;
    } else if (ch == '%') {
        if (c->at == c->end) {
            fail(c, "malformed pattern (ends with '%%')", 0);
            return false;
        }
        item->c = *c->at++;
        if (pattern_set_class(&item->set, (unsigned char)item->c)) item->kind = REPEAT_SET;
    }
    return true;
}

/* Bytes that stand for themselves and one after another in the pattern are one item. */
static void add_byte(struct compiler *c, const char *at)
{
    struct pattern *p = c->p;
    struct pattern_item *last = p->nitems ? &p->items[p->nitems - 1] : NULL;
    if (last && last->op == ITEM_TEXT && last->text + last->len == at) {
        last->len++;
        return;
    }
    struct pattern_item *i = add(c, ITEM_TEXT);
    i->text = at;
    i->len = 1;
    i->c = (uint8_t)*at;
}

static void add_repetition(struct compiler *c, const struct single *single, char suffix)
{
    enum pattern_op op = suffix == '?' ? ITEM_OPTION : suffix == '-' ? ITEM_LEAST : ITEM_MOST;
    struct pattern_item *i = add(c, op);
    i->kind = (uint8_t)single->kind;
    i->c = (uint8_t)single->c;
    i->set = single->set;
    i->len = suffix == '+';
    c->at++;
    c->back = (int32_t)(i - c->p->items);
}

static void add_single(struct compiler *c)
{
    struct single single;
    if (!read_single(c, &single)) return;
    if (c->at < c->end && *c->at && strchr("*+-?", *c->at)) {
        add_repetition(c, &single, *c->at);
    } else if (single.kind == REPEAT_BYTE) {
        add_byte(c, c->at - 1);
    } else {
        add(c, ITEM_SET)->set = single.set;
    }
}

/* --- captures and the like --- */

static void add_capture(struct compiler *c)
{
    bool position = c->at + 1 < c->end && c->at[1] == ')';
    if (c->level == PATTERN_CAPTURES) {
        fail(c, "too many captures", 0);
        return;
    }
    add(c, position ? ITEM_POSITION : ITEM_OPEN)->len = (uint32_t)c->level;
    c->p->captures[c->level].len = position ? CAPTURE_POSITION : CAPTURE_OPEN;
    if (!position) c->open[c->nopen++] = (uint8_t)c->level;
    c->level++;
    c->at += position ? 2 : 1;
}

static void add_close(struct compiler *c)
{
    if (c->nopen == 0) {
        fail(c, "invalid pattern capture", 0);
        return;
    }
    int number = c->open[--c->nopen];
    add(c, ITEM_CLOSE)->len = (uint32_t)number;
    c->p->captures[number].len = 0;
    c->at++;
}

static void add_reference(struct compiler *c, int digit)
{
    int number = digit - 1;
    const struct pattern_capture *capture = &c->p->captures[number < 0 ? 0 : number];
    if (number < 0 || number >= c->level || capture->len == CAPTURE_OPEN) {
        fail(c, "invalid capture index %%%d", digit);
        return;
    }
    add(c, capture->len == CAPTURE_POSITION ? ITEM_NEVER : ITEM_REFERENCE)->len = (uint32_t)number;
    c->at += 2;
}

static void add_balance(struct compiler *c)
{
    if (c->end - c->at < 4) {
        fail(c, "malformed pattern (missing arguments to '%%b')", 0);
        return;
    }
    struct pattern_item *i = add(c, ITEM_BALANCE);
    i->c = (uint8_t)c->at[2];
    i->close = (uint8_t)c->at[3];
    c->at += 4;
}

static void add_frontier(struct compiler *c)
{
    struct single single;
    c->at += 2;
    if (c->at == c->end || *c->at != '[')
        fail(c, "missing '[' after '%%f' in pattern", 0);
    else if (read_single(c, &single))
        add(c, ITEM_FRONTIER)->set = single.set;
}

static void add_next(struct compiler *c)
{
    char ch = *c->at, next = c->at + 1 < c->end ? c->at[1] : '\0';
    if (ch == '(') {
        add_capture(c);
    } else if (ch == ')') {
        add_close(c);
    } else if (ch == '$' && c->at + 1 == c->end) {
        add(c, ITEM_SUBJECT_END);
        c->at++;
    } else if (ch == '%' && next >= '0' && next <= '9') {
        add_reference(c, next - '0');
    } else if (ch == '%' && next == 'b') {
        add_balance(c);
    } else if (ch == '%' && next == 'f') {
        add_frontier(c);
    } else {
        add_single(c);
    }
}

/* --- what is known of a whole pattern --- */

static bool is_single(const struct pattern_item *i)
{
    return i->op == ITEM_TEXT || i->op == ITEM_SET || (i->op == ITEM_MOST && i->len > 0);
}

static bool is_capture(const struct pattern_item *i)
{
    return i->op == ITEM_OPEN || i->op == ITEM_CLOSE || i->op == ITEM_POSITION;
}

/* Can what `next` begins with not be repeated by `i`? Then going back in the repetition never helps. */
static bool is_apart(const struct pattern_item *i, const struct pattern_item *next)
{
    if (next->op == ITEM_END || next->op == ITEM_SUBJECT_END) return true;
    if (!is_single(next)) return false;
    if (next->op == ITEM_TEXT || (next->op == ITEM_MOST && next->kind == REPEAT_BYTE))
        return i->kind == REPEAT_BYTE ? i->c != next->c : !pattern_has(&i->set, next->c);
    if (i->kind == REPEAT_BYTE) return !pattern_has(&next->set, i->c);
    return pattern_set_is_apart(&i->set, &next->set);
}

/* From the end to the start: what follows each repetition, captures aside. */
static void look_ahead(struct pattern *p)
{
    struct pattern_item *next = &p->items[p->nitems - 1];
    for (size_t n = p->nitems - 1; n-- > 0;) {
        struct pattern_item *i = &p->items[n];
        if (i->op == ITEM_MOST || i->op == ITEM_LEAST || i->op == ITEM_OPTION) {
            i->ahead = next->op == ITEM_TEXT ? next->c : -1;
            i->once = i->op != ITEM_LEAST && is_apart(i, next);
        }
        if (!is_capture(i)) next = i;
    }
    p->first = is_single(next) || next->op == ITEM_BALANCE ? next : NULL;
}

/* --- */

void pattern_init(struct pattern *p, const volatile sig_atomic_t *stop)
{
    p->stop = stop;
    p->fuel = 0;
    p->items = p->few;
    p->max_items = PATTERN_FEW;
    p->tables = p->few_tables;
    p->max_sets = PATTERN_SETS;
}

/* Each item, and each set, has at least one byte in the pattern; and there is the end. */
static size_t count_tables(const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += text[i] == '[';
    return n / PATTERN_SETS + 1;
}

size_t pattern_memory(const char *text, size_t len)
{
    return (len + 2) * sizeof(struct pattern_item) + count_tables(text, len) * 256 * sizeof(uint16_t);
}

void pattern_give(struct pattern *p, void *memory, const char *text, size_t len)
{
    p->items = memory;
    p->max_items = len + 2;
    p->tables = (uint16_t *)(p->items + p->max_items);
    p->max_sets = count_tables(text, len) * PATTERN_SETS;
}

bool pattern_compile(struct pattern *p, const char *text, size_t len, bool anchors)
{
    struct compiler c;
    c.p = p;
    c.at = text;
    c.end = text + len;
    c.back = -1;
    c.level = c.nopen = 0; /* not all of it: a pattern is compiled at every call */
    c.full = false;
    p->nitems = p->nsets = 0;
    p->anchored = anchors && len > 0 && *text == '^';
    if (p->anchored) c.at++;
    while (c.at < c.end && !c.full)
        add_next(&c);
    add(&c, ITEM_END);
    if (c.full) return false;
    p->ncaptures = c.level;
    look_ahead(p);
    return true;
}

const char *pattern_fault(struct pattern *p)
{
    int open = 0;
    for (size_t i = 0; i < p->nitems; i++) {
        open += (p->items[i].op == ITEM_OPEN) - (p->items[i].op == ITEM_CLOSE);
        if (p->items[i].op != ITEM_ERROR) continue;
        p->error_number = (int)p->items[i].len;
        return p->items[i].text;
    }
    return open ? "unfinished capture" : NULL;
}
