/* Zones are read from the system's TZif files (RFC 8536) by ourselves and not by ICU. Measured: one zone in ICU costs
 * 3.0 MiB of resident memory and 31 ms on a cold start (the idle service is to stay below 15 MiB and 100 ms), a file
 * 0.4–3 KiB and less than 1 ms; ICU's calendars are mutable, so each thread would need its own; and tzdata is updated
 * by the system while the zones inside ICU stay those of its release.
 *
 * A zone is a table of changes and a rule for what comes after. Local time is turned into an instant by walking the
 * spans of constant offset near it: what fits in the first span wins, what fits in none lies in a gap. */
#include "base/zone.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/zone_rule.h"

enum { FILE_MAX = 64 << 10, NAME_MAX_LEN = 48, NEAR_S = 26 * 3600 };

struct zone {
    struct zone *next;
    char name[NAME_MAX_LEN];
    size_t n;        /* changes */
    int64_t *at;     /* seconds UTC */
    int32_t *offset; /* from at[i] on */
    int32_t first;   /* before at[0] */
    bool has_rule;
    struct zone_rule rule;
};

/* Loaded zones: pushed, never taken off, read only. */
static _Atomic(struct zone *) loaded;

struct header {
    uint32_t isut, isstd, leap, times, types, chars;
};

static uint32_t read32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t read64(const unsigned char *p)
{
    return (int64_t)((uint64_t)read32(p) << 32 | read32(p + 4));
}

static bool read_header(const unsigned char *p, size_t len, struct header *h)
{
    if (len < 44 || memcmp(p, "TZif", 4) != 0) return false;
    *h =
        (struct header){read32(p + 20), read32(p + 24), read32(p + 28), read32(p + 32), read32(p + 36), read32(p + 40)};
    return h->times < 8192 && h->types > 0 && h->types <= 256 && h->chars < 1024 && h->leap < 1024 && h->isstd <= 256 &&
           h->isut <= 256;
}

/* Bytes of a data block whose times have `width` bytes. */
static size_t block_size(const struct header *h, size_t width)
{
    return h->times * (width + 1) + h->types * 6 + h->chars + h->leap * (width + 4) + h->isstd + h->isut;
}

static bool read_table(struct zone *z, const unsigned char *p, const struct header *h)
{
    const unsigned char *index = p + 8 * h->times, *types = index + h->times;
    z->first = (int32_t)read32(types);
    z->at = mem_alloc((h->times + 1) * sizeof(*z->at));
    z->offset = mem_alloc((h->times + 1) * sizeof(*z->offset));
    for (size_t i = 0; i < h->times; i++) {
        if (index[i] >= h->types) return false;
        z->at[i] = read64(p + 8 * i);
        z->offset[i] = (int32_t)read32(types + 6 * (size_t)index[i]);
        if (i > 0 && z->at[i] <= z->at[i - 1]) return false;
    }
    z->n = h->times;
    return true;
}

struct zone *zone_read(const char *name, const unsigned char *bytes, size_t len)
{
    struct header h;
    struct zone *z = mem_alloc(sizeof(*z));
    snprintf(z->name, sizeof(z->name), "%s", name);
    /* The first block has 32-bit times, for old readers; the second one is ours. */
    if (!read_header(bytes, len, &h) || bytes[4] < '2') goto damaged;
    size_t skip = 44 + block_size(&h, 4);
    if (skip > len || !read_header(bytes + skip, len - skip, &h)) goto damaged;
    size_t table = skip + 44, footer = table + block_size(&h, 8);
    if (footer + 2 > len || bytes[footer] != '\n' || bytes[len - 1] != '\n') goto damaged;
    if (!read_table(z, bytes + table, &h)) goto damaged;
    size_t rule_len = len - footer - 2;
    if (rule_len) {
        z->has_rule = zone_rule_parse((const char *)bytes + footer + 1, rule_len, &z->rule);
        if (!z->has_rule) goto damaged;
    }
    return z;
damaged:
    zone_free(z);
    return NULL;
}

void zone_free(struct zone *z)
{
    if (!z) return;
    mem_free(z->at);
    mem_free(z->offset);
    mem_free(z);
}

/* Names are paths below the folder of zones: letters, digits, - + _ and /, with no empty part and no dot. */
static bool is_name(const char *s)
{
    size_t n = strlen(s);
    if (n == 0 || n >= NAME_MAX_LEN || s[0] == '/' || s[n - 1] == '/' || strstr(s, "//")) return false;
    if (strncmp(s, "right/", 6) == 0 || strncmp(s, "posix/", 6) == 0) return false;
    return strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-+_/") == n;
}

static struct zone *load(const char *name)
{
    char path[96];
    struct zone *z = NULL;
    snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    unsigned char *bytes = mem_alloc(FILE_MAX);
    ssize_t n = read(fd, bytes, FILE_MAX);
    close(fd);
    if (n > 0) z = zone_read(name, bytes, (size_t)n);
    mem_free(bytes);
    return z;
}

const struct zone *zone_get(const char *name)
{
    struct zone *head = atomic_load_explicit(&loaded, memory_order_acquire);
    for (struct zone *z = head; z; z = z->next)
        if (strcmp(z->name, name) == 0) return z;
    struct zone *made = is_name(name) ? load(name) : NULL;
    if (!made) return NULL;
    do {
        /* Another thread may have been quicker with the same zone. */
        for (struct zone *z = head; z; z = z->next) {
            if (strcmp(z->name, name) != 0) continue;
            zone_free(made);
            return z;
        }
        made->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&loaded, &head, made, memory_order_acq_rel, memory_order_acquire));
    return made;
}

int zone_find(const char *name, const struct zone **out, struct err *err)
{
    *out = name ? zone_get(name) : NULL;
    return *out ? 0 : err_set(err, ERR_INVALID, "zone.unknown", "zone", name, NULL);
}

const char *zone_name(const struct zone *z)
{
    return z->name;
}

void zone_span_at(const struct zone *z, int64_t seconds, struct zone_span *out)
{
    size_t low = 0, high = z->n; /* the number of changes at or before it */
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (z->at[mid] <= seconds)
            low = mid + 1;
        else
            high = mid;
    }
    if (low < z->n || !z->has_rule) {
        *out = (struct zone_span){low ? z->at[low - 1] : INT64_MIN, low < z->n ? z->at[low] : INT64_MAX,
                                  low ? z->offset[low - 1] : z->first};
        return;
    }
    zone_rule_span(&z->rule, seconds, out);
    if (z->n && out->from < z->at[z->n - 1]) out->from = z->at[z->n - 1];
}

static int64_t floor_seconds(int64_t ms)
{
    return ms >= 0 ? ms / 1000 : -((-ms + 999) / 1000);
}

int64_t zone_instant(const struct zone *z, const struct date *local)
{
    struct zone_span span;
    int64_t ms = date_to_ms(local);
    int64_t wall = floor_seconds(ms);
    int64_t rest = ms - wall * 1000;
    zone_span_at(z, wall - NEAR_S, &span);
    for (;;) {
        int64_t at = wall - span.offset_s;
        if (at < span.until) return at * 1000 + rest;
        struct zone_span next;
        zone_span_at(z, span.until, &next);
        /* Too early for the next offset: the local time was skipped. */
        if (wall - next.offset_s < span.until) return at * 1000 + rest;
        span = next;
    }
}

void zone_local(const struct zone *z, int64_t ms, struct date *out, int32_t *offset_s)
{
    struct zone_span span;
    zone_span_at(z, floor_seconds(ms), &span);
    date_from_ms(ms + (int64_t)span.offset_s * 1000, out);
    if (offset_s) *offset_s = span.offset_s;
}

int64_t zone_day(const struct zone *z, int64_t ms)
{
    struct zone_span span;
    int64_t seconds = floor_seconds(ms);
    zone_span_at(z, seconds, &span);
    int64_t wall = seconds + span.offset_s;
    return wall >= 0 ? wall / 86400 : -((-wall + 86399) / 86400);
}

int zone_parse(const struct zone *z, const char *s, size_t len, int64_t *ms, struct err *err)
{
    struct date d;
    int32_t offset_min;
    if (!date_parse(s, len, &d, &offset_min)) {
        char text[64];
        snprintf(text, sizeof(text), "%.*s", len < 60 ? (int)len : 60, s);
        return err_set(err, ERR_INVALID, "zone.instant", "text", text, NULL);
    }
    *ms = offset_min == INT32_MIN ? zone_instant(z, &d) : date_to_ms(&d) - (int64_t)offset_min * 60000;
    return 0;
}
