/* Changes of the tree of units: merge, split, rename, abolish, move; each on a day, by an act, all or nothing.
 *
 *     spec: { how = "merge", from = {"a", "b"}, into = "c" | { code =, name =, kind =, parent = }, day =, act = }
 *     rc = people_change(s, &spec, true, &report, err);      // dry run: what would be, and nothing is
 *
 * A unit that ended keeps its last name and place, so that what belongs to it stays reachable; its successors say where
 * it went. On the writer's thread, in a transaction; the caller undoes a refusal by a mark. */
#ifndef KHUNG_PEOPLE_CHANGE_H
#define KHUNG_PEOPLE_CHANGE_H

#include "people/people.h"

/* Keys of a spec: how; from (merge: a list) or unit; parts (merge: units of which only a part goes there); into (merge:
 * one; split: a list; abolish: who takes over, if anybody); name (rename); parent (move); day; act. Units are objects,
 * ids or codes; in `into` a map { code, name, kind, parent } makes a new one, which begins on that day.
 *
 * With a unit that ends there end on that day who holds what in it, roles and delegations that are bound to it, and its
 * bodies; units below go to the first successor. *report: { how, day, ended, made, moved, holders, roles, delegations,
 * bodies } (lists of what was changed), and unchanged = true when all of it was so before.
 *
 * ERR_INVALID "people.change" {field}; ERR_NOT_FOUND "people.no_unit"; ERR_CONFLICT "people.unit_exists" {code}
 * "people.unit_later" {unit, day}: something about it begins on that day or later; ERR_REFUSED "people.unit_ended"
 * {unit, day} "people.unit_below" {unit}: units stand below it and nobody takes over; "people.circle" {unit};
 * ERR_DENIED "denied.verb": people.change is wanted at every unit that is named, successors and parents too; of a day
 * that is over, at those below as well. */
int people_change(struct session *s, const struct val *spec, bool dry_run, struct val *report, struct err *err);
/* The same without a session: nobody's right is asked for, and never dry: for the import. */
int people_change_apply(struct store *db, const struct val *spec, int64_t today, struct arena *a, struct val *report,
                        struct err *err);
/* What hangs on a unit on a day: { children, holders, roles, delegations, bodies }. */
int people_hangs(struct store *db, int64_t unit, int64_t day, struct arena *a, struct val *out, struct err *err);

#endif
