/* content.* that changes: arguments in, rights asked, one call of the module, the item as it then
 * is out. */
#include "content/content_api.h"

#include <string.h>

int content_api_item(struct api_call *c, int64_t id)
{
    struct content_key k = {.id = id};
    int rc = content_get(c->s, &k, c->arena, &c->result, c->err);
    return rc < 0 ? rc : 0;
}

/* The unit among the fields; `given`, though it be none. */
static int unit_of(struct api_call *c, const struct val *fields, int64_t *unit, bool *given)
{
    const struct val *v = val_get(fields, "unit");
    struct field f = {.name = "unit", .type = FIELD_UNIT};
    struct val id;
    *unit = 0;
    *given = v != NULL;
    if (!v || v->type == VAL_NIL) return 0;
    int rc = field_check(&f, v, NULL, c->arena, &id, c->err);
    if (rc == 0 && id.type == VAL_INT) *unit = id.as.i;
    return rc;
}

/* Rights are asked for the unit that the item belongs to now, and for its state. Who moves it to another unit, or to
 * none, must have the right there too. */
static int may_change(struct api_call *c, const char *verb, int64_t item, const struct val *fields)
{
    struct content_row row;
    int64_t unit;
    bool moves = false;
    int rc = content_row_load(c->s->db, item, &row, c->err);
    if (rc == 0) rc = content_may(c->s, verb, row.unit, content_state_name(row.state), c->err);
    if (rc == 0) rc = unit_of(c, fields, &unit, &moves);
    return rc || !moves || unit == row.unit ? rc : content_may(c->s, verb, unit, content_state_name(row.state), c->err);
}

/* An instant in the options; 0 when absent. */
static int instant_option(struct api_call *c, const struct val *options, const char *name, int64_t *out)
{
    const struct val *v = val_get(options, name);
    struct field f = {.name = name, .type = FIELD_INSTANT};
    struct val ms;
    *out = 0;
    if (!v || v->type == VAL_NIL) return 0;
    int rc = field_check(&f, v, &c->s->host->time, c->arena, &ms, c->err);
    if (rc == 0 && ms.type == VAL_INT) *out = ms.as.i;
    return rc;
}

static int create(struct api_call *c)
{
    const char *type = api_str(&c->args[0]);
    int64_t id, unit = 0;
    bool given;
    int rc = type ? unit_of(c, &c->args[1], &unit, &given) : content_too_large(c->err);
    if (rc == 0) rc = content_may(c->s, "create", unit, NULL, c->err);
    if (rc == 0) rc = content_create(c->self, c->s, type, &c->args[1], &id, c->err);
    return rc ? rc : content_api_item(c, id);
}

static int edit(struct api_call *c)
{
    struct content_change ch = {
        .item = c->args[0].as.obj.id, .fields = &c->args[1], .rev = val_get_int(&c->args[2], "revision", 0)};
    int rc = may_change(c, "edit", ch.item, ch.fields);
    if (rc == 0) rc = content_edit(c->self, c->s, &ch, c->err);
    return rc ? rc : content_api_item(c, ch.item);
}

static int correct(struct api_call *c)
{
    struct content_change ch = {.item = c->args[0].as.obj.id, .fields = &c->args[1], .note = api_str(&c->args[2])};
    if (!ch.note) return err_set(c->err, ERR_INVALID, "content.reason", "verb", "correct", NULL);
    int rc = may_change(c, "correct", ch.item, ch.fields);
    if (rc == 0) rc = content_correct(c->self, c->s, &ch, c->err);
    return rc ? rc : content_api_item(c, ch.item);
}

static int move(struct api_call *c, struct content_move *m)
{
    m->item = c->args[0].as.obj.id;
    m->rev = c->args[0].as.obj.rev;
    int rc = may_change(c, content_verb_name(m->verb), m->item, NULL);
    if (rc == 0) rc = content_transition(c->self, c->s, m, c->err);
    return rc ? rc : content_api_item(c, m->item);
}

static int submit(struct api_call *c)
{
    struct content_move m = {.verb = CONTENT_SUBMIT};
    return move(c, &m);
}

static int approve(struct api_call *c)
{
    struct content_move m = {.verb = CONTENT_APPROVE, .by = val_get(&c->args[1], "by")};
    return move(c, &m);
}

static int send_back(struct api_call *c)
{
    struct content_move m = {.verb = CONTENT_SEND_BACK,
                             .reason = api_str(&c->args[1]),
                             .notes = val_get(&c->args[2], "fields"),
                             .by = val_get(&c->args[2], "by")};
    return move(c, &m);
}

static int schedule(struct api_call *c)
{
    struct content_move m = {.verb = CONTENT_SCHEDULE, .at = c->args[1].as.i};
    int rc = instant_option(c, &c->args[2], "until_", &m.until);
    return rc ? rc : move(c, &m);
}

static int publish(struct api_call *c)
{
    struct content_move m = {.verb = CONTENT_PUBLISH};
    return move(c, &m);
}

static int retract(struct api_call *c)
{
    struct content_move m = {.verb = CONTENT_RETRACT, .reason = api_str(&c->args[1])};
    return move(c, &m);
}

static int archive(struct api_call *c)
{
    struct content_move m = {.verb = CONTENT_ARCHIVE, .reason = api_str(&c->args[1])};
    return move(c, &m);
}

const struct api_fn content_write_functions[] = {
    {"content.create", create, "type:text! fields:map!", "Item", API_WRITE, "content", 1, "Makes an item as a draft.",
     true, .tells = true},
    {"content.edit", edit, "item:object:item! fields:map! options:map{revision:integer}", "Item", API_WRITE, "content",
     1,
     "Changes fields of the draft; with a revision: a conflict if it is another by now. Voids "
     "approval and schedule.",
     true, .tells = true},
    {"content.submit", submit, "item:object:item!", "Item", API_WRITE, "content", 1, "Hands the draft in for review.",
     true, .tells = true},
    {"content.approve", approve, "item:object:item! options:map{by:any}", "Item", API_WRITE, "content", 1,
     "Approves this very revision; by: the answer of a task.", true, .tells = true},
    {"content.send_back", send_back, "item:object:item! comment:text! options:map{fields:map,by:any}", "Item",
     API_WRITE, "content", 1,
     "Returns the item to its author with a comment; fields: one for each field; by: the answer of the task in which "
     "it "
     "was said.",
     true, .tells = true},
    {"content.schedule", schedule, "item:object:item! at:instant! options:map{until_:instant}", "Item", API_WRITE,
     "content:publish", 1, "Publishes this revision at an instant; at another one, if given, it is archived again.",
     true, .tells = true},
    {"content.publish", publish, "item:object:item!", "Item", API_WRITE, "content:publish", 1,
     "Publishes this revision now; refused without approval where the type asks for one.", true, .tells = true},
    {"content.correct", correct, "item:object:item! fields:map! note:text!", "Item", API_WRITE, "content:publish", 1,
     "Replaces what is public by a new revision with a visible note; is handed in first where the type asks for "
     "approval.",
     true, .tells = true},
    {"content.retract", retract, "item:object:item! reason:text!", "Item", API_WRITE, "content:publish", 1,
     "Takes a published item back.", true, .tells = true},
    {"content.archive", archive, "item:object:item! reason:text", "Item", API_WRITE, "content", 1,
     "Puts the item away; it is no longer public.", true, .tells = true},
    {0},
};
