/* Forms of tasks in the document: the usual one, those that flows declare, and those of open tasks that whoever asks
 * may see. A form that is only made when it is asked is data: it is in nobody's document who may not see such a task.
 *
 * Of open tasks the newest are looked at, and of their forms, each once by its content, no more than FORMS_MAX are
 * told: the document does not grow with the tasks. GET /api/tasks/:id/form tells the form of any. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "flow/task.h"
#include "http/openapi.h"
#include "people/people.h"

enum { FORMS_MAX = 50, BYTES_MAX = 128 << 10, TASKS_MAX = 200, FORM_BYTES_MAX = 64 << 10, KNOWN_MAX = 1000, HASH = 17 };

struct forms {
    struct openapi *o;
    struct val *schemas, any; /* any: a reference to each */
    uint64_t known[KNOWN_MAX];
    size_t n, found, bytes; /* found: in open tasks, with their bytes */
};

/* By its content: of the canonical bytes. False: larger than forms are. */
static bool hash_of(const struct val *form, char out[HASH], size_t *bytes)
{
    uint8_t digest[DIGEST_LEN];
    char hex[DIGEST_HEX];
    struct buf b;
    buf_init(&b, FORM_BYTES_MAX);
    val_encode(form, &b, false);
    bool fits = buf_ok(&b);
    if (fits) digest_sha256(b.data, b.len, digest);
    *bytes = b.len;
    buf_close(&b);
    if (!fits) return false;
    digest_hex(digest, hex);
    memcpy(out, hex, HASH - 1);
    out[HASH - 1] = '\0';
    return true;
}

/* What is sent as the answer: the form's fields, and which text was read. */
static struct val schema_of(struct openapi *o, const struct val *form)
{
    struct val s = openapi_declared(o, form), properties = *val_get(&s, "properties");
    struct val hash = openapi_type(o, "string");
    openapi_set(o, &hash, "description",
                val_str("What the task has as `shown`: only if it is still about that text, with those files."));
    openapi_set(o, &properties, "hash", hash);
    openapi_set(o, &s, "properties", properties);
    return s;
}

static void add(struct forms *f, const char *name, const struct val *form, const char *doc)
{
    struct openapi *o = f->o;
    struct val s = schema_of(o, form);
    if (doc) openapi_set(o, &s, "description", val_str(doc));
    openapi_set(o, f->schemas, name, s);
    openapi_add(o, &f->any, openapi_ref(o, name));
}

static bool is_known(struct forms *f, const char *hash)
{
    uint64_t h = digest_short(hash, HASH - 1);
    for (size_t i = 0; i < f->n; i++)
        if (f->known[i] == h) return true;
    if (f->n < KNOWN_MAX) f->known[f->n++] = h;
    return false;
}

static void add_declared(struct forms *f)
{
    size_t i = 0, bytes;
    char hash[HASH];
    for (const struct decl *d; f->o->registry && (d = registry_each(f->o->registry, "flow", &i));) {
        const struct val *forms = val_get(&d->spec, "forms");
        for (size_t k = 0; val_is(forms, VAL_MAP) && k < forms->as.map.n; k++) {
            const char *name = arena_printf(f->o->a, "form.%s.%s.%s", d->plugin, d->name, forms->as.map.pairs[k].key);
            if (hash_of(&forms->as.map.pairs[k].v, hash, &bytes)) is_known(f, hash);
            if (name) add(f, name, &forms->as.map.pairs[k].v, NULL);
        }
    }
}

static void add_of_task(struct forms *f, const struct val *task)
{
    char hash[HASH], doc[80];
    const struct val *form = val_get(task, "form");
    size_t bytes;
    if (!form || f->found == FORMS_MAX || !hash_of(form, hash, &bytes)) return;
    if (f->bytes + bytes > BYTES_MAX || is_known(f, hash)) return;
    f->found++;
    f->bytes += bytes;
    snprintf(doc, sizeof(doc), "Of open tasks, such as %lld.", (long long)val_get_int(task, "id", 0));
    add(f, openapi_text(f->o, "form.", hash, ""), form, openapi_text(f->o, doc, "", ""));
}

/* Those that whoever asks may decide; all, for those who may read all. */
static int add_open(struct forms *f, struct session *s, struct err *err)
{
    struct inbox_query q = {.person = s->actor.person > 0 ? s->actor.person : 0, .limit = TASKS_MAX};
    struct err denied;
    struct val page;
    if (people_check(s, "flow.read", PEOPLE_ANY_UNIT, &denied) == 0)
        q.person = 0;
    else if (!q.person)
        return 0;
    int rc = flow_inbox(s, &q, f->o->a, &page, err);
    const struct val *tasks = rc ? NULL : val_get(&page, "tasks");
    for (size_t i = 0; tasks && i < tasks->as.list.n; i++)
        add_of_task(f, &tasks->as.list.items[i]);
    return rc;
}

int openapi_forms(struct openapi *o, struct session *s, struct val *schemas, struct err *err)
{
    struct forms *f = arena_alloc(o->a, sizeof(*f));
    struct val usual;
    if (!f || flow_task_usual_form(o->a, &usual)) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    *f = (struct forms){.o = o, .schemas = schemas, .any = val_list()};
    add(f, "form.usual", &usual, "Of a task that was asked without a form.");
    add_declared(f);
    int rc = add_open(f, s, err);
    struct val other = OPENAPI_MAP(o, {"type", val_str("object")},
                                   {"description", val_str("Any other form: GET /api/tasks/{id}/form tells it.")});
    openapi_add(o, &f->any, other);
    openapi_set(o, schemas, "TaskAnswer", OPENAPI_MAP(o, {"anyOf", f->any}));
    return rc;
}

int openapi_form(struct session *s, const struct val *form, struct arena *a, struct val *out, struct err *err)
{
    struct openapi o = {.host = s->host, .a = a, .lang = s->lang, .at = "#/$defs/"};
    struct val keys = val_map();
    char hash[HASH];
    size_t bytes;
    if (!hash_of(form, hash, &bytes)) return err_set(err, ERR_LIMIT, "limit.size", NULL);
    *out = schema_of(&o, form);
    openapi_set(&o, out, "$schema", val_str(OPENAPI_DIALECT));
    openapi_set(&o, out, "$id", val_str(openapi_text(&o, "urn:khung:form:", hash, "")));
    openapi_keys(&o, &keys);
    openapi_set(&o, out, "$defs", keys);
    return o.failed ? err_set(err, ERR_LIMIT, "limit.size", NULL) : 0;
}
