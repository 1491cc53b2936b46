/* What only its bytecode tells of a function (Lua 5.4 dump format): does it assign a variable that outlives its calls,
 * and which lines have code?
 *
 * SETUPVAL on an upvalue of the closure itself, or of a nested function through it, changes state that all calls
 * share: in a run it would make a replay differ. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "vm/vm_internal.h"

enum { OP_SETUPVAL = 10, OP_VARARGPREP = 81, UPVALUES_MAX = 256, ABS_LINE = -128 };

struct reader {
    const unsigned char *p, *end;
    bool bad;
};

struct assigned {
    int line[UPVALUES_MAX]; /* by upvalue: the line of an assignment, or 0 */
    unsigned char instack[UPVALUES_MAX], index[UPVALUES_MAX];
    size_t n;
};

static const unsigned char *bytes(struct reader *r, size_t n)
{
    static const unsigned char zeros[16];
    if (r->bad || n > (size_t)(r->end - r->p)) {
        r->bad = true;
        return zeros;
    }
    const unsigned char *at = r->p;
    r->p += n;
    return at;
}

static int byte(struct reader *r)
{
    return *bytes(r, 1);
}

static size_t size(struct reader *r)
{
    size_t n = 0;
    for (int i = 0; i < 10; i++) {
        int b = byte(r);
        n = (n << 7) | (size_t)(b & 0x7f);
        if (b & 0x80) return n;
    }
    r->bad = true;
    return 0;
}

static void skip_string(struct reader *r)
{
    size_t n = size(r);
    if (n > 1) bytes(r, n - 1);
}

static void skip_constants(struct reader *r)
{
    for (size_t n = size(r); n && !r->bad; n--) {
        int type = byte(r);
        if (type == 0x03 || type == 0x13)
            bytes(r, 8);
        else if (type == 0x04 || type == 0x14)
            skip_string(r);
    }
}

struct proto {
    int first_line;
    const unsigned char *code, *lines;
    size_t ncode, nlines;
    struct reader abs; /* pairs of place and line, one for each ABS_LINE in lines */
};

static int line_of(const struct proto *f, size_t pc)
{
    struct reader abs = f->abs;
    int line = f->first_line;
    for (size_t i = 0; i <= pc && i < f->nlines; i++) {
        if ((signed char)f->lines[i] != ABS_LINE) {
            line += (signed char)f->lines[i];
            continue;
        }
        size(&abs);
        line = (int)size(&abs);
    }
    return line;
}

static void find_own(const struct proto *f, struct assigned *out)
{
    for (size_t pc = 0; pc < f->ncode; pc++) {
        uint32_t op;
        memcpy(&op, f->code + pc * 4, 4);
        if ((op & 0x7f) == OP_SETUPVAL) out->line[(op >> 16) & 0xff] = line_of(f, pc);
    }
}

static void read_debug(struct reader *r, struct proto *f, char (*names)[64], size_t nnames)
{
    f->nlines = size(r);
    f->lines = bytes(r, f->nlines);
    size_t n = size(r);
    f->abs = *r;
    for (size_t i = 0; i < n && !r->bad; i++) {
        size(r);
        size(r);
    }
    for (n = size(r); n && !r->bad; n--) {
        skip_string(r);
        size(r);
        size(r);
    }
    n = size(r);
    for (size_t i = 0; i < n && !r->bad; i++) {
        size_t len = size(r);
        const unsigned char *s = len > 1 ? bytes(r, len - 1) : (const unsigned char *)"";
        if (names && i < nnames && len > 1) snprintf(names[i], 64, "%.*s", (int)(len - 1), (const char *)s);
    }
}

struct lines {
    bool *is_code;
    size_t n;
};

/* The return that every function ends in belongs to its `end`, which need not be reached. */
static void mark_own(const struct proto *f, struct lines *out)
{
    for (size_t pc = 0; pc + 1 < f->ncode; pc++) {
        uint32_t op;
        int line = line_of(f, pc);
        memcpy(&op, f->code + pc * 4, 4);
        if ((op & 0x7f) != OP_VARARGPREP && line > 0 && (size_t)line < out->n) out->is_code[line] = true;
    }
}

/* A function and those inside it; names (if wanted) of its upvalues; their lines, if wanted. */
static void read_function(struct reader *r, struct assigned *out, char (*names)[64], struct lines *lines, int depth)
{
    struct proto f = {0};
    memset(out, 0, sizeof(*out));
    if (depth > 100) {
        r->bad = true;
        return;
    }
    skip_string(r);
    f.first_line = (int)size(r);
    size(r);
    bytes(r, 3);
    f.ncode = size(r);
    f.code = bytes(r, f.ncode * 4);
    skip_constants(r);
    size_t nup = size(r);
    for (size_t i = 0; i < nup && !r->bad; i++) {
        const unsigned char *u = bytes(r, 3);
        if (i >= UPVALUES_MAX) continue;
        out->instack[i] = u[0];
        out->index[i] = u[1];
        out->n = i + 1;
    }
    size_t nprotos = size(r);
    for (size_t i = 0; i < nprotos && !r->bad; i++) {
        struct assigned inner;
        read_function(r, &inner, NULL, lines, depth + 1);
        /* What the inner one assigns of the outer one's upvalues counts as the outer one's. */
        for (size_t k = 0; k < inner.n; k++)
            if (inner.line[k] && !inner.instack[k]) out->line[inner.index[k]] = inner.line[k];
    }
    read_debug(r, &f, names, UPVALUES_MAX);
    if (!r->bad) find_own(&f, out);
    if (!r->bad && lines) mark_own(&f, lines);
}

static int write_dump(lua_State *L, const void *p, size_t n, void *ud)
{
    (void)L;
    buf_add(ud, p, n);
    return 0;
}

/* 0 or ERR_*: the dump, ready to be read behind its header. The caller closes it. */
static int open_dump(lua_State *L, struct buf *dump, struct reader *r)
{
    static const char expected[] = "\x1bLua\x54\x00\x19\x93\r\n\x1a\n\x04\x08\x08";
    size_t header = sizeof(expected) - 1 + 16 + 1; /* then an integer, a float, the number of upvalues */
    buf_init(dump, 16 << 20);
    lua_dump(L, write_dump, dump, 0);
    if (!buf_ok(dump)) return ERR_NOMEM;
    if (dump->len < header || memcmp(dump->data, expected, sizeof(expected) - 1) != 0) return ERR_INTERNAL;
    *r = (struct reader){(unsigned char *)dump->data + header, (unsigned char *)dump->data + dump->len, false};
    return 0;
}

int vm_find_assignment(lua_State *L, char *name, size_t cap, int *line)
{
    struct buf dump;
    struct reader r;
    struct assigned found;
    char names[UPVALUES_MAX][64];
    memset(names, 0, sizeof(names));
    int result = open_dump(L, &dump, &r);
    if (result == 0) read_function(&r, &found, names, NULL, 0);
    for (size_t i = 0; result == 0 && !r.bad && i < UPVALUES_MAX; i++) {
        if (!found.line[i]) continue;
        snprintf(name, cap, "%s", names[i]);
        *line = found.line[i];
        result = 1;
    }
    if (result >= 0 && r.bad) result = ERR_INTERNAL;
    buf_close(&dump);
    return result;
}

int vm_mark_lines(lua_State *L, bool *is_code, size_t n)
{
    struct buf dump;
    struct reader r;
    struct assigned found;
    struct lines lines = {is_code, n};
    int rc = open_dump(L, &dump, &r);
    if (rc == 0) read_function(&r, &found, NULL, &lines, 0);
    if (rc == 0 && r.bad) rc = ERR_INTERNAL;
    buf_close(&dump);
    return rc;
}
