/* In what capacity a record is signed: by one's own title, by order of the head whose deputy one is, by a delegation,
 * on behalf of a body. Titles are data, the patterns are the language's. */
#include <string.h>

#include "base/text.h"
#include "people/explain.h"
#include "people/people_reason.h"

/* The title of a position, in capitals: that is how it stands above a signature. */
static const char *title_of(struct store *db, const char *position, struct arena *a, struct err *err)
{
    const char *title, *upper;
    if (people_position_title(db, position, a, &title, err) != 0) return NULL;
    return text_upper(a, title ? title : position, &upper) ? NULL : upper;
}

/* What the signer is: the deputy of `asked` if there is such a position, else the highest; in the unit, else anywhere.
 */
static int own_position(struct store *db, const struct people_signature *sig, const char *asked, struct arena *a,
                        const char **position, bool *deputy, struct err *err)
{
    static const char sql[] = "select h.position, p.deputy_of is ?4 from position_held h left join position p on"
                              " p.code = h.position where h.person = ?3 and " HELD(
                                  "h") " order by (p.deputy_of is"
                                       " ?4) desc, h.unit is not ?1, coalesce(p.rank, 1000), h.position limit 1";
    *position = NULL;
    *deputy = false;
    struct stmt *s = store_stmt(db, sql, err);
    if (!s) return err->code;
    stmt_bind_int(s, 1, sig->unit);
    stmt_bind_int(s, 2, sig->day);
    stmt_bind_int(s, 3, sig->person);
    stmt_bind_str(s, 4, asked);
    int rc = stmt_step(s, err);
    if (rc == 1) *position = people_text(s, 0, a);
    if (rc == 1) *deputy = stmt_int(s, 1) == 1;
    stmt_done(s);
    return rc < 0 ? rc : 0;
}

static const char *two_lines(struct arena *a, const char *first, const char *second)
{
    if (!first || !second || !*second) return second ? first : NULL;
    return arena_printf(a, "%s\n%s", first, second);
}

static int for_body(struct store *db, const struct people_signature *sig, const char *code, const char *lang,
                    struct arena *a, const char **out, struct err *err)
{
    int64_t body;
    struct val v;
    struct people_holding h = {0};
    const char *name, *capacity = "";
    int rc = people_body_by_code(db, code, &body, err);
    if (rc == 1) rc = people_body_get(db, body, sig->day, a, &v, err);
    if (rc <= 0) return rc < 0 ? rc : err_set(err, ERR_NOT_FOUND, "people.no_body", "code", code, NULL);
    struct people_wanted w = {.body = body};
    rc = people_holding_find(db, &w, sig->person, sig->day, a, &h, err);
    if (rc < 0) return rc;
    rc = text_upper(a, val_get_str(v.as.obj.fields, "name"), &name);
    if (rc == 0 && h.title) rc = text_upper(a, h.title, &capacity);
    const char *pairs[] = {"body", name, NULL};
    if (rc == 0) *out = two_lines(a, people_sentence(a, lang, "signature.body", pairs), capacity);
    return rc || !*out ? people_too_large(err) : 0;
}

int people_signature_lines(struct store *db, const struct people_signature *sig, const char *lang, struct arena *a,
                           const char **out, struct err *err)
{
    const char *own = NULL, *asked, *mine = "";
    bool deputy = false;
    *out = "";
    if (strncmp(sig->as, "body:", 5) == 0) return for_body(db, sig, sig->as + 5, lang, a, out, err);
    if (strcmp(sig->as, "person") == 0 || strncmp(sig->as, "role:", 5) == 0) {
        int rc = own_position(db, sig, "", a, &own, &deputy, err);
        if (rc == 0 && own) *out = title_of(db, own, a, err);
        return rc || *out ? rc : people_too_large(err);
    }
    asked = title_of(db, sig->as, a, err);
    *out = asked;
    if (!asked) return people_too_large(err);
    if (!sig->on_behalf_of) return 0;
    int rc = own_position(db, sig, sig->as, a, &own, &deputy, err);
    if (rc == 0 && own) mine = title_of(db, own, a, err);
    const char *pairs[] = {"for", asked, NULL};
    if (rc) return rc;
    *out = two_lines(a, people_sentence(a, lang, deputy ? "signature.deputy" : "signature.delegate", pairs), mine);
    return *out ? 0 : people_too_large(err);
}

int people_signature_name(struct store *db, const struct people_signature *sig, const char *lang, struct arena *a,
                          const char **out, struct err *err)
{
    struct val person, other;
    *out = "";
    int rc = people_person_get(db, sig->person, a, &person, err);
    if (rc == 1) *out = val_get_str(person.as.obj.fields, "name");
    if (rc <= 0 || !sig->on_behalf_of) return rc < 0 ? rc : 0;
    rc = people_person_get(db, sig->on_behalf_of, a, &other, err);
    if (rc <= 0) return rc;
    const char *pairs[] = {"person", *out, "for", val_get_str(other.as.obj.fields, "name"), NULL};
    *out = people_sentence(a, lang, "signature.name", pairs);
    return *out ? 0 : people_too_large(err);
}
